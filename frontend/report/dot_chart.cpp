// Draws dots in the frame of other charts.
#include "frontend/report/dot_chart.h"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/report/report_charts.h"

namespace weft {
namespace {

std::pair<double, double> widened(double low, double high) {
  const double margin = high > low ? (high - low) * 0.06 : high != 0 ? std::abs(high) * 0.1 : 0.5;
  return {low - margin, high + margin};
}

Frame frame_of(const DotChart& chart) {
  double left = 1e300, right = -1e300, low = 1e300, high = -1e300;
  for (const Dot& dot : chart.dots) {
    left = std::min(left, dot.x);
    right = std::max(right, dot.x);
    low = std::min(low, dot.y);
    high = std::max(high, dot.y);
  }
  if (chart.band) {
    low = std::min(low, chart.band->low);
    high = std::max(high, chart.band->high);
  }
  return {widened(left, right), widened(low, high)};
}

double radius(std::size_t style) { return 3.5 + static_cast<double>(style); }

std::string band(const Frame& frame, const Band& band) {
  const double top = frame.at_y(band.high), bottom = frame.at_y(band.low);
  return fmt::format(
      "<rect class=\"band\" x=\"{0}\" y=\"{1:.1f}\" width=\"{2}\" height=\"{3:.1f}\"/>\n"
      "<line class=\"bound\" x1=\"{0}\" y1=\"{4:.1f}\" x2=\"{5}\" y2=\"{4:.1f}\"/>\n",
      Frame::kLeft, top, frame.right() - Frame::kLeft, std::max(bottom - top, 0.1),
      frame.at_y(band.level), frame.right());
}

}  // namespace

std::string dot_chart(const DotChart& chart) {
  if (chart.dots.empty()) return {};
  const Frame frame = frame_of(chart);
  std::string out = figure(frame, chart.id, chart.title, chart.description);
  out += axes(frame, chart.x_label, chart.y_label, chart.whole_x);
  if (chart.band) out += band(frame, *chart.band);
  for (const Dot& dot : chart.dots) {
    out += fmt::format(
        "<circle class=\"dot s{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>{}</title>"
        "</circle>\n",
        dot.style, frame.at_x(dot.x), frame.at_y(dot.y), radius(dot.style), html(dot.tip));
  }
  out += "</svg>\n<ul class=\"legend\">\n";
  for (std::size_t i = 0; i < chart.styles.size(); ++i) {
    out += fmt::format(
        "<li><svg class=\"swatch\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><circle class=\"dot "
        "s{}\" cx=\"8\" cy=\"8\" r=\"{}\"/></svg>{}</li>\n",
        i, radius(i), html(chart.styles[i]));
  }
  if (chart.band) out += swatch("bound", chart.band->name);
  return out + "</ul>\n</figure>\n";
}

}  // namespace weft
