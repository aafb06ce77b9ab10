// A program as SVG: boxes in the places of the layered layout.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/format/table.h"
#include "frontend/report/graph_drawing.h"
#include "frontend/report/graph_layout.h"
#include "frontend/report/graph_picture.h"
#include "frontend/report/report_charts.h"

namespace weft {

const std::string_view kGraphStyle = R"css(
.graph { background: #fcfcfa; }
.graph text { font: 11px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  fill: #3d444c; }
.graph text.title { font-size: 12px; font-weight: 600; fill: #1c1f23; }
.graph rect { stroke-width: 1.3; fill: #f1f1ee; stroke: #5b636d; }
.graph .forward > rect { fill: #e3eef7; stroke: #0067a8; }
.graph .backward > rect { fill: #fbe9dc; stroke: #b84f00; stroke-dasharray: 6 3; }
.graph .update > rect { fill: #def3ea; stroke: #007a58; stroke-dasharray: 1.5 2.5; }
.graph .repeat > rect { fill: none !important; stroke-width: 2.2; }
.graph .inner { fill: none !important; stroke-width: .8 !important; }
.graph .arrow { fill: none; stroke: #7b848e; stroke-width: 1.1; }
.graph .head { fill: #7b848e; }
@media (prefers-color-scheme: dark) {
  .graph { background: #15181c; }
  .graph text { fill: #c0c7ce; }
  .graph text.title { fill: #f0f2f4; }
  .graph rect { fill: #24292f; stroke: #a4adb6; }
  .graph .forward > rect { fill: #14304a; stroke: #6db8f0; }
  .graph .backward > rect { fill: #46290f; stroke: #f2a25c; }
  .graph .update > rect { fill: #0f3a2e; stroke: #4fcfa5; }
  .graph .arrow { stroke: #8b949e; }
  .graph .head { fill: #8b949e; }
}
)css";

namespace {

constexpr double kCharacter = 6.7, kTitleCharacter = 7.3;  // wide, of a monospaced font
constexpr double kLine = 14, kPadding = 8, kHead = 5;

double text_width(const DrawnBox& box) {
  double width = kTitleCharacter * static_cast<double>(display_width(box.title));
  for (const std::string& line : box.lines) {
    width = std::max(width, kCharacter * static_cast<double>(display_width(line)));
  }
  return width;
}

double text_height(const DrawnBox& box) {
  return kLine * static_cast<double>(1 + box.lines.size());
}

// A drawing with the sizes and places of its boxes, and of those inside of them.
struct PlacedDrawing {
  const Drawing& drawing;
  std::vector<PlacedDrawing> inside;  // by box; of no boxes where it has none
  std::vector<LayoutBox> sizes;
  GraphLayout layout;

  explicit PlacedDrawing(const Drawing& drawn) : drawing(drawn) {
    static const Drawing none;
    for (const DrawnBox& box : drawn.boxes) {
      inside.emplace_back(box.inside == nullptr ? none : *box.inside);
      LayoutBox size{text_width(box) + 2 * kPadding, text_height(box) + 2 * kPadding};
      if (box.inside != nullptr) {
        size.width = std::max(size.width, inside.back().layout.width);
        size.height += inside.back().layout.height;
      }
      sizes.push_back(size);
    }
    std::vector<LayoutNet> nets;
    for (const DrawnArrow& arrow : drawn.arrows) nets.push_back({arrow.from, arrow.to});
    layout = layered_layout(sizes, nets);
  }
};

class Writer {
 public:
  explicit Writer(std::string prefix) : prefix_(std::move(prefix)) {}

  std::string take() { return std::move(out_); }

  void draw(const PlacedDrawing& placed, double left, double top) {
    for (std::size_t i = 0; i < placed.drawing.arrows.size(); ++i) {
      out_ +=
          fmt::format("<g class=\"value\"><title>{}</title>", html(placed.drawing.arrows[i].value));
      for (const auto& path : placed.layout.paths[i]) arrow(path, left, top);
      out_ += "</g>\n";
    }
    for (std::size_t i = 0; i < placed.drawing.boxes.size(); ++i) {
      const auto [x, y] = placed.layout.corners[i];
      box(placed.drawing.boxes[i], placed.sizes[i], left + x, top + y);
      if (placed.drawing.boxes[i].inside != nullptr) {
        const double text = text_height(placed.drawing.boxes[i]) + kPadding;
        const double indent = (placed.sizes[i].width - placed.inside[i].layout.width) / 2;
        draw(placed.inside[i], left + x + indent, top + y + text);
      }
      out_ += "</g>\n";
    }
  }

 private:
  void arrow(const std::vector<LayoutPoint>& path, double left, double top) {
    auto [x, y] = path.front();
    out_ += fmt::format("<path class=\"arrow\" d=\"M{:.1f} {:.1f}", left + x, top + y);
    for (std::size_t i = 1; i < path.size(); ++i) {
      const bool last = i + 1 == path.size();
      const double to_x = path[i].first, to_y = path[i].second - (last ? kHead : 0);
      if (to_x == x) {
        out_ += fmt::format("V{:.1f}", top + to_y);
      } else {
        const double middle = (y + to_y) / 2;
        out_ += fmt::format("C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", left + x, top + middle,
                            left + to_x, top + middle, left + to_x, top + to_y);
      }
      x = to_x;
      y = to_y;
    }
    out_ += fmt::format("\"/><path class=\"head\" d=\"M{:.1f} {:.1f}l-3.5 -{}h7z\"/>", left + x,
                        top + y + kHead, kHead + 1);
  }

  // Left open: a repeat has more inside.
  void box(const DrawnBox& box, const LayoutBox& size, double x, double y) {
    const bool pill = !box.node && !box.repeat;
    out_ += fmt::format("<g class=\"{}{}\"", name_of(box.stage),
                        box.repeat ? " repeat"
                        : box.node ? " node"
                                   : " end");
    if (!prefix_.empty() && box.node) {
      out_ += fmt::format(" id=\"{0}n{1}\" data-node=\"{1}\"", prefix_, *box.node);
    }
    if (!prefix_.empty() && box.repeat) {
      out_ += fmt::format(" id=\"{}r{}\" data-node=\"{}\" data-length=\"{}\" data-times=\"{}\"",
                          prefix_, box.repeat->begin, box.repeat->begin, box.repeat->length,
                          box.repeat->times);
    }
    if (!prefix_.empty() && !pill) {
      out_ += fmt::format(" tabindex=\"-1\" role=\"button\" aria-label=\"{}, {}\"", html(box.title),
                          html(box.lines.empty() ? "" : box.lines[0]));
    }
    out_ += fmt::format(
        ">\n<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"{}\"/>", x, y,
        size.width, size.height, pill ? 14 : 4);
    if (box.fused) {
      out_ += fmt::format(
          "<rect class=\"inner\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
          "rx=\"2\"/>",
          x + 3, y + 3, size.width - 6, size.height - 6);
    }
    const double middle = x + size.width / 2;
    double line = y + kPadding + kLine - 4;
    const auto text = [&](std::string_view style, const std::string& shown) {
      out_ += fmt::format("<text{} x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>",
                          style, middle, line, html(shown));
      line += kLine;
    };
    text(" class=\"title\"", box.title);
    for (const std::string& shown : box.lines) text("", shown);
    out_ += '\n';
  }

  std::string prefix_, out_;
};

// The meaning of the colours, in a row.
std::string legend(double y) {
  std::string out;
  double x = 12;
  for (const Stage stage : {Stage::forward, Stage::backward, Stage::update}) {
    out += fmt::format(
        "<g class=\"{0}\"><rect x=\"{1}\" y=\"{2}\" width=\"18\" height=\"12\" rx=\"2\"/>"
        "<text x=\"{3}\" y=\"{4}\">{0}</text></g>\n",
        name_of(stage), x, y, x + 24, y + 10);
    x += 110;
  }
  return out + fmt::format(
                   "<g class=\"end\"><rect x=\"{0}\" y=\"{1}\" width=\"18\" height=\"12\" "
                   "rx=\"2\"/><rect class=\"inner\" x=\"{2}\" y=\"{3}\" width=\"12\" height=\"6\"/>"
                   "<text x=\"{4}\" y=\"{5}\">several layers in one node</text></g>\n",
                   x, y, x + 3, y + 3, x + 24, y + 10);
}

// `alone`: a file of its own, not a part of a page.
std::string opening(const Graph& graph, double width, double height, bool alone) {
  return fmt::format(
      "<svg{0} class=\"graph\" viewBox=\"0 0 {1:.0f} {2:.0f}\" width=\"{1:.0f}\" "
      "height=\"{2:.0f}\" role=\"{3}\" aria-label=\"program @{4}, {5} nodes\">\n",
      alone ? " xmlns=\"http://www.w3.org/2000/svg\"" : "", width, height, alone ? "img" : "group",
      html(graph.name), graph.nodes.size());
}

}  // namespace

std::string to_svg(const Graph& graph) {
  constexpr double kTop = 52, kLegend = 560;
  const Drawing drawing = draw(graph);
  const PlacedDrawing placed(drawing);
  Writer writer("");
  writer.draw(placed, 0, kTop);
  return opening(graph, std::max(placed.layout.width, kLegend), placed.layout.height + kTop,
                 /*alone=*/true) +
         fmt::format(
             "<style>{}</style>\n<text class=\"title\" x=\"12\" y=\"20\">program @{}, {} "
             "nodes</text>\n",
             kGraphStyle, html(graph.name), graph.nodes.size()) +
         legend(30) + writer.take() + "</svg>\n";
}

std::string svg_in_page(const Graph& graph, const std::string& prefix) {
  const Drawing drawing = draw(graph);
  const PlacedDrawing placed(drawing);
  Writer writer(prefix);
  writer.draw(placed, 0, 0);
  return opening(graph, placed.layout.width, placed.layout.height, /*alone=*/false) +
         writer.take() + "</svg>\n";
}

}  // namespace weft
