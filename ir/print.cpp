// One canonical text per graph: attributes in order, defaults left out, nothing depends on
// addresses.
#include "ir/print.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/op.h"

namespace weft {
namespace {

// The shortest text that reads back as the same double, and always reads back as a double.
std::string number(double x) {
  std::string text = fmt::format("{}", x);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += c;
    }
  }
  return out + '"';
}

template <class T, class Format>
std::string list(const std::vector<T>& items, Format format) {
  std::string out = "[";
  for (std::size_t i = 0; i < items.size(); ++i) out += (i > 0 ? ", " : "") + format(items[i]);
  return out + ']';
}

struct AttrPrinter {
  std::string operator()(std::int64_t x) const { return std::to_string(x); }
  std::string operator()(double x) const { return number(x); }
  std::string operator()(const std::string& x) const { return quoted(x); }
  std::string operator()(const std::vector<std::int64_t>& x) const {
    return list(x, [](std::int64_t i) { return std::to_string(i); });
  }
  std::string operator()(const std::vector<double>& x) const { return list(x, number); }
};

std::string all_attrs(const Attrs& attrs) {
  std::string out;
  for (const auto& [name, value] : attrs) out += fmt::format(" {}={}", name, print(value));
  return out;
}

std::string operand(const Graph& graph, ValueId id) {
  return id == kNoValue ? "_" : '%' + graph[id].name;
}

std::string place(const Graph& graph, const Value& value) {
  if (!value.storage) return "";
  const auto& [kind, base, offset] = *value.storage;
  switch (kind) {
    case Storage::Kind::arena:
      return fmt::format(" in arena+{}", offset);
    case Storage::Kind::persistent:
      return fmt::format(" in %{}", graph[base].name);
    case Storage::Kind::columns:
      return fmt::format(" in %{}+{}", graph[base].name, offset);
  }
  return "";
}

std::string declaration(const Graph& graph, const Value& value) {
  static constexpr const char* roles[] = {"input", "param", "state"};
  return fmt::format("  {} %{} : {}{}{}\n", roles[static_cast<std::size_t>(value.role)], value.name,
                     to_string(value.type), all_attrs(value.attrs), place(graph, value));
}

void print_comments(std::string& out, const std::vector<std::string>& comments,
                    std::string_view indent) {
  for (const std::string& line : comments) {
    out += fmt::format("{}//{}{}\n", indent, line.empty() ? "" : " ", line);
  }
}

std::string program_name(const Graph& graph) { return graph.name.empty() ? "main" : graph.name; }

}  // namespace

std::string print(const Attr& attr) { return std::visit(AttrPrinter{}, attr); }

std::string print(const Graph& graph, const Node& node) {
  std::string names, types, operands;
  for (const ValueId id : node.outputs) {
    const Value& value = graph[id];
    names += (names.empty() ? "%" : ", %") + value.name;
    types += (types.empty() ? "" : ", ") + to_string(value.type) + place(graph, value);
  }
  for (const ValueId id : node.inputs) {
    operands += (operands.empty() ? "" : ", ") + operand(graph, id);
  }
  std::string attrs;
  for (const auto& [name, value] : node.attrs) {
    const auto def = std::ranges::find(node.op->attrs, name, &AttrDef::name);
    const bool usual =
        def != node.op->attrs.end() && def->default_value && *def->default_value == value;
    if (!usual) attrs += fmt::format(" {}={}", name, print(value));
  }
  std::string line =
      fmt::format("{} = {}({}){} : {}", names, node.op->name, operands, attrs, types);
  if (node.location.line > 0) {
    line += fmt::format(" at {}:{}", node.location.line, node.location.column);
  }
  return line;
}

std::string print(const Graph& graph) {
  std::string out;
  print_comments(out, graph.comments, "");
  out += fmt::format("program @{}{} {{\n", program_name(graph), all_attrs(graph.attrs));
  for (const Symbol& symbol : graph.symbols) {
    out += fmt::format("  {} {} <= {}\n", symbol.derived ? "derived" : "symbol", symbol.name,
                       symbol.capacity);
  }
  for (const Value& value : graph.values) {
    if (value.role == Role::computed) continue;
    print_comments(out, value.comments, "  ");
    out += declaration(graph, value);
  }
  for (const Node& node : graph.nodes) {
    print_comments(out, node.comments, "  ");
    out += "  " + print(graph, node) + '\n';
  }
  print_comments(out, graph.closing_comments, "  ");
  for (const Write& write : graph.writes) {
    out += fmt::format("  write %{} <- %{}\n", graph[write.target].name, graph[write.source].name);
  }
  if (!graph.results.empty()) {
    out += "  return";
    for (std::size_t i = 0; i < graph.results.size(); ++i) {
      out += (i > 0 ? ", " : " ") + operand(graph, graph.results[i]);
    }
    out += '\n';
  }
  out += graph.arena_bytes > 0 ? fmt::format("}} arena {}\n", graph.arena_bytes) : "}\n";
  return out;
}

}  // namespace weft
