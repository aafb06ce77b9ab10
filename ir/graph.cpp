// Building graphs: every value and node enters through declare and append, which check and infer.
#include "ir/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/op.h"

namespace weft {
namespace {

// Arrays a program could never hold are refused here, so that sizes later cannot overflow.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

void check_type(const Graph& graph, const std::string& name, const TensorType& type) {
  for (const Dim& dim : type.shape) {
    if (dim.is_static() ? dim.value < 0 : graph.find_symbol(dim.symbol) == nullptr) {
      throw Error(fmt::format("%{} is {}: {} is not a size of this program", name, to_string(type),
                              to_string(dim)),
                  "declare it: `symbol NAME <= CAPACITY`");
    }
  }
  if (!type.ragged_dim.empty() && (graph.find_symbol(type.ragged_dim) == nullptr ||
                                   type.dtype != DType::i32 || type.shape.size() != 1)) {
    throw Error(fmt::format("%{} is {}: offsets are written `i32[B+1 -> T]`, with a declared T",
                            name, to_string(type)));
  }
  if (capacity_elements(graph, type) > kMaxElements) {
    throw Error(
        fmt::format("%{} is {}: more than 2^40 elements at capacity", name, to_string(type)),
        "make one of its sizes smaller");
  }
}

std::string range_of(const AttrDef& def) {
  const bool low = std::isfinite(def.low), high = std::isfinite(def.high);
  if (low && high) return fmt::format("from {} to {}", def.low, def.high);
  if (low) return fmt::format("at least {}", def.low);
  if (high) return fmt::format("at most {}", def.high);
  return "a finite number";
}

// Numbers are finite and within the range of `def`, each number of a list too.
void check_range(const OpDef& op, const AttrDef& def, const Attr& value, SourceLocation location) {
  const auto check = [&](auto number) {
    const auto x = static_cast<double>(number);
    if (std::isfinite(x) && x >= def.low && x <= def.high) return;
    throw Error(location, fmt::format("{}: {} is {}, but must be {}", op.name, def.name, number,
                                      range_of(def)));
  };
  if (const auto* integer = std::get_if<std::int64_t>(&value)) check(*integer);
  if (const auto* number = std::get_if<double>(&value)) check(*number);
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&value)) {
    std::ranges::for_each(*list, check);
  }
  if (const auto* list = std::get_if<AttrNumbers>(&value)) std::ranges::for_each(*list, check);
}

// Makes `value` of the kind of `wanted`: integers may stand for floating-point numbers, and [] for
// either list. False: it is of another kind.
bool convert(Attr& value, const Attr& wanted) {
  const auto* integer = std::get_if<std::int64_t>(&value);
  const auto* integers = std::get_if<std::vector<std::int64_t>>(&value);
  if (integer != nullptr && std::holds_alternative<double>(wanted)) {
    value = static_cast<double>(*integer);
  } else if (integers != nullptr && std::holds_alternative<AttrNumbers>(wanted)) {
    value = AttrNumbers(integers->begin(), integers->end());
  }
  return value.index() == wanted.index();
}

// Checks `attrs` and gives it its defaults.
void complete(const OpDef& op, Attrs& attrs, SourceLocation location) {
  for (auto& [name, value] : attrs) {
    const auto known = std::ranges::find(op.attrs, name, &AttrDef::name);
    if (known == op.attrs.end()) {
      std::string names;
      for (const AttrDef& def : op.attrs) names += fmt::format(" {}", def.name);
      throw Error(location, fmt::format("{}: there is no attribute `{}`", op.name, name),
                  names.empty() ? "it takes none" : "it takes" + names);
    }
    const Attr& wanted = known->default_value ? *known->default_value : known->required;
    if (!convert(value, wanted)) {
      throw Error(location,
                  fmt::format("{}: the attribute `{}` has a value of another kind than {}", op.name,
                              name, known->doc));
    }
    check_range(op, *known, value, location);
  }
  for (const AttrDef& def : op.attrs) {
    if (attrs.contains(def.name)) continue;
    if (!def.default_value) {
      throw Error(location, fmt::format("{}: the attribute `{}` ({}) is missing", op.name, def.name,
                                        def.doc));
    }
    attrs.emplace(def.name, *def.default_value);
  }
}

void check_operands(const Graph& graph, const OpDef& op, std::vector<ValueId>& inputs,
                    SourceLocation location) {
  const bool variadic = !op.inputs.empty() && op.inputs.back().arity == Arity::variadic;
  if (!variadic && inputs.size() < op.inputs.size()) {
    const auto rest = std::span(op.inputs).subspan(inputs.size());
    if (std::ranges::all_of(rest, [](const PortDef& p) { return p.arity == Arity::optional; })) {
      inputs.resize(op.inputs.size(), kNoValue);
    }
  }
  const bool fits =
      variadic ? inputs.size() >= op.inputs.size() : inputs.size() == op.inputs.size();
  if (!fits) {
    std::string names;
    for (const PortDef& port : op.inputs) names += fmt::format(" {}", port.name);
    throw Error(location, fmt::format("{}: {} operands given, but it takes{}", op.name,
                                      inputs.size(), names.empty() ? " none" : names));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const PortDef& port = op.inputs[std::min(i, op.inputs.size() - 1)];
    if (inputs[i] == kNoValue) {
      if (port.arity == Arity::optional) continue;
      throw Error(location, fmt::format("{}: the operand {} is missing", op.name, port.name));
    }
    WEFT_CHECK(static_cast<std::size_t>(inputs[i]) < graph.values.size());
  }
}

}  // namespace

Symbol& Graph::symbol(std::string_view wanted, std::int64_t capacity, bool derived) {
  for (Symbol& s : symbols) {
    if (s.name == wanted) return s;
  }
  if (symbols.size() >= kMaxSymbols) {
    throw Error(fmt::format("program @{} has more than {} symbols", name, kMaxSymbols),
                "let sequences of one length have one symbol");
  }
  return symbols.emplace_back(Symbol{std::string(wanted), capacity, derived});
}

const Symbol* Graph::find_symbol(std::string_view wanted) const {
  const auto at = std::ranges::find(symbols, wanted, &Symbol::name);
  return at == symbols.end() ? nullptr : &*at;
}

// While a pass renames values two may bear one name for a time: the first is found.
std::optional<ValueId> Graph::find(std::string_view wanted) const {
  const auto [begin, end] = names_.equal_range(wanted);
  if (begin == end) return std::nullopt;
  return std::min_element(begin, end,
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->second;
}

ValueId Graph::add_value(Value value) {
  const auto id = static_cast<ValueId>(values.size());
  names_.emplace(value.name, id);
  values.push_back(std::move(value));
  return id;
}

void Graph::rename(ValueId id, std::string new_name) {
  Value& value = (*this)[id];
  const auto [begin, end] = names_.equal_range(value.name);
  for (auto at = begin; at != end; ++at) {
    if (at->second != id) continue;
    names_.erase(at);
    break;
  }
  names_.emplace(new_name, id);
  value.name = std::move(new_name);
}

void Graph::index_names() {
  names_.clear();
  for (std::size_t i = 0; i < values.size(); ++i) {
    names_.emplace(values[i].name, static_cast<ValueId>(i));
  }
}

const Value* Graph::find_value(std::string_view wanted) const {
  const auto id = find(wanted);
  return id ? &(*this)[*id] : nullptr;
}

std::string Graph::unique_name(std::string_view hint) const {
  if (!hint.empty() && !find(hint)) return std::string(hint);
  for (std::size_t i = hint.empty() ? values.size() : 2;; ++i) {
    std::string free = hint.empty() ? std::to_string(i) : fmt::format("{}.{}", hint, i);
    if (!find(free)) return free;
  }
}

ValueId Graph::declare(Role role, std::string wanted, TensorType type, Attrs value_attrs) {
  WEFT_CHECK(role != Role::computed);
  if (find(wanted)) throw Error(fmt::format("%{} is declared twice", wanted), "rename one of them");
  check_type(*this, wanted, type);
  return add_value({std::move(wanted), std::move(type), role, std::move(value_attrs), {}, {}});
}

std::vector<ValueId> Graph::append(const OpDef& op, std::vector<ValueId> inputs, Attrs node_attrs,
                                   SourceLocation location, std::string_view hint) {
  check_operands(*this, op, inputs, location);
  complete(op, node_attrs, location);
  const std::vector<TensorType> types =
      op.infer(InferContext{*this, op, inputs, node_attrs, location});
  WEFT_CHECK(types.size() == op.outputs.size());
  const std::string first(hint);  // may be the name of a value, and values move
  std::vector<ValueId> outputs;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const bool plain = i == 0 || first.empty();
    const std::string wanted = plain ? first : fmt::format("{}.{}", first, op.outputs[i].name);
    std::string name_of_output = unique_name(wanted);
    check_type(*this, name_of_output, types[i]);
    outputs.push_back(add_value({std::move(name_of_output), types[i], Role::computed, {}, {}, {}}));
  }
  nodes.push_back({&op, std::move(inputs), outputs, std::move(node_attrs), location, {}});
  return outputs;
}

ValueId Graph::add(const OpDef& op, std::vector<ValueId> inputs, Attrs node_attrs,
                   SourceLocation location, std::string_view hint) {
  return append(op, std::move(inputs), std::move(node_attrs), location, hint).front();
}

std::int64_t capacity_elements(const Graph& graph, const TensorType& type) {
  constexpr std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::int64_t elements = 1;
  for (const Dim& dim : type.shape) {
    std::int64_t extent = dim.value;
    if (!dim.is_static()) {
      const Symbol* symbol = graph.find_symbol(dim.symbol);
      WEFT_CHECK(symbol != nullptr);
      if (__builtin_add_overflow(extent, symbol->capacity, &extent)) return max;
    }
    if (__builtin_mul_overflow(elements, std::max<std::int64_t>(extent, 0), &elements)) return max;
  }
  return elements;
}

std::int64_t capacity_bytes(const Graph& graph, const TensorType& type) {
  return capacity_elements(graph, type) * size_of(type.dtype);
}

}  // namespace weft
