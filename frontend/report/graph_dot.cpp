// A program in Graphviz' language.
#include <fmt/format.h>

#include "frontend/format/escape_controls.h"
#include "frontend/report/graph_drawing.h"
#include "frontend/report/graph_picture.h"

namespace weft {
namespace {

// Inside of quotes. Names come out of files: control characters are written as escapes.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : escape_controls(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' || c == '\t' ? ' ' : c;
  }
  return out + '"';
}

// The lines of a box: quoted, and each but the title aligned to the left.
std::string label(const DrawnBox& box) {
  std::string out = quoted(box.title);
  out.pop_back();
  for (const std::string& line : box.lines) {
    out += "\\n" + quoted(line).substr(1);
    out.pop_back();
  }
  return out + '"';
}

std::string_view look(Stage stage) {
  switch (stage) {
    case Stage::forward:
      return "fillcolor=\"#e3eef7\", color=\"#0067a8\"";
    case Stage::backward:
      return "fillcolor=\"#fbe9dc\", color=\"#b84f00\", style=\"filled,dashed\"";
    case Stage::update:
      return "fillcolor=\"#def3ea\", color=\"#007a58\"";
    case Stage::input:
    case Stage::result:
      return "fillcolor=\"#f1f1ee\", color=\"#5b636d\", style=\"filled,rounded\"";
  }
  return "";
}

// Boxes are named by their way in: b3, and b3_0 inside of it.
void write(std::string& out, const Drawing& drawing, const std::string& name,
           const std::string& indent) {
  for (std::size_t i = 0; i < drawing.boxes.size(); ++i) {
    const DrawnBox& box = drawing.boxes[i];
    out += fmt::format("{}{}{} [label={}, {}{}];\n", indent, name, i, label(box), look(box.stage),
                       box.fused ? ", peripheries=2" : "");
    if (box.inside == nullptr) continue;
    const std::string inner = fmt::format("{}{}_", name, i);
    out += fmt::format("{0}subgraph cluster_{1}{2} {{\n{0}  label={3};\n", indent, name, i,
                       quoted(box.title));
    write(out, *box.inside, inner, indent + "  ");
    out += indent + "}\n";
  }
  for (const DrawnArrow& arrow : drawing.arrows) {
    for (const std::size_t to : arrow.to) {
      out += fmt::format("{}{}{} -> {}{} [tooltip={}];\n", indent, name, arrow.from, name, to,
                         quoted(arrow.value));
    }
  }
}

}  // namespace

std::string to_dot(const Graph& graph) {
  std::string out = fmt::format(
      "digraph {} {{\n  node [shape=box, style=filled, fontname=monospace, fontsize=10];\n",
      quoted(graph.name));
  write(out, draw(graph), "b", "  ");
  return out + "}\n";
}

}  // namespace weft
