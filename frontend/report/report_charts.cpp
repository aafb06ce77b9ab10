// Draws in a box of fixed units, which the page scales.
#include "frontend/report/report_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontend/format/escape_markup.h"
#include "frontend/format/format_number.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

constexpr std::size_t kStyles = 8;  // of lines, in the page's style sheet

std::string diagonal(const Frame& frame) {
  return fmt::format("<line class=\"diagonal\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>\n",
                     Frame::kLeft, frame.bottom(), frame.right(), Frame::kTop);
}

std::string marked(const Frame& frame, const Mark& mark) {
  const double left = frame.at_x(mark.from);
  const double right = frame.at_x(mark.to);
  return fmt::format(
      "<rect class=\"kept\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\"/>\n", left,
      Frame::kTop, std::max(right - left, 0.1), frame.bottom() - Frame::kTop);
}

// Lines that lie on one another, as far as one can see: by series, the first of them.
std::vector<std::size_t> coinciding(const Chart& chart) {
  const double x_seen = std::abs(chart.x.second - chart.x.first) / 1000;
  const double y_seen = std::abs(chart.y.second - chart.y.first) / 500;
  std::vector<std::size_t> first(chart.series.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    first[i] = i;
    for (std::size_t k = 0; k < i && first[i] == i; ++k) {
      const bool same = !chart.series[i].points.empty() &&
                        std::ranges::equal(chart.series[i].points, chart.series[k].points,
                                           [&](const auto& a, const auto& b) {
                                             return std::abs(a.first - b.first) <= x_seen &&
                                                    std::abs(a.second - b.second) <= y_seen;
                                           });
      if (same) first[i] = first[k];
    }
  }
  return first;
}

// Such lines take turns: a dash of each.
std::string turns(const std::vector<std::size_t>& first, std::size_t series) {
  constexpr std::size_t kDash = 10;
  const auto all = static_cast<std::size_t>(std::ranges::count(first, first[series]));
  if (all < 2) return {};
  const auto before = static_cast<std::size_t>(std::count(
      first.begin(), first.begin() + static_cast<std::ptrdiff_t>(series), first[series]));
  return fmt::format(" style=\"stroke-dasharray:{} {};stroke-dashoffset:-{}\"", kDash,
                     kDash * (all - 1), kDash * before);
}

std::string style_of(std::size_t series) { return fmt::format("line s{}", series % kStyles); }

}  // namespace

std::string axes(const Frame& frame, const std::string& x_label, const std::string& y_label,
                 bool whole_x) {
  std::string out = "<g class=\"grid\">\n";
  for (const double t : ticks(frame.x.first, frame.x.second, 6, whole_x)) {
    const double x = frame.at_x(t);
    out += fmt::format("<line x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\"/>", x,
                       Frame::kTop, frame.bottom());
    out += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:g}</text>\n", x,
                       frame.bottom() + 18, t);
  }
  for (const double t : ticks(frame.y.first, frame.y.second, 5)) {
    const double y = frame.at_y(t);
    out += fmt::format("<line x1=\"{1}\" y1=\"{0:.1f}\" x2=\"{2}\" y2=\"{0:.1f}\"/>", y,
                       Frame::kLeft, frame.right());
    out += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:g}</text>\n",
                       Frame::kLeft - 7, y + 4.5, t);
  }
  out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                     (Frame::kLeft + frame.right()) / 2, frame.height - 6, html(x_label));
  out += fmt::format(
      "<text transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n</g>\n",
      (Frame::kTop + frame.bottom()) / 2, html(y_label));
  return out;
}

std::string figure(const Frame& frame, const std::string& id, const std::string& title,
                   const std::string& description) {
  return fmt::format(
      "<figure>\n<figcaption>{1}</figcaption>\n"
      "<svg viewBox=\"0 0 {3} {4}\" role=\"img\" aria-labelledby=\"{0}-t {0}-d\">\n"
      "<title id=\"{0}-t\">{1}</title>\n<desc id=\"{0}-d\">{2}</desc>\n",
      id, html(title), html(description), frame.width, frame.height);
}

std::string swatch(const std::string& style, const std::string& name) {
  return fmt::format(
      "<li><svg class=\"swatch\" viewBox=\"0 0 34 10\" aria-hidden=\"true\">"
      "<line class=\"{}\" x1=\"0\" y1=\"5\" x2=\"34\" y2=\"5\"/></svg>{}</li>\n",
      style, html(name));
}

std::string html(std::string_view text) {
  std::string valid;
  utf8::append_valid(text, valid);
  for (char& c : valid) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) c = ' ';
  }
  return escape_markup(valid);
}

std::vector<double> ticks(double low, double high, int count, bool whole) {
  const double rough = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double ratio = rough / power;
  double step = power * (ratio <= 1.0 ? 1 : ratio <= 2.0 ? 2 : ratio <= 5.0 ? 5 : 10);
  if (whole) step = std::max(step, 1.0);
  std::vector<double> found;
  const double slack = step * 1e-9;
  for (double k = std::ceil((low - slack) / step); k * step <= high + slack && found.size() < 100;
       ++k) {
    found.push_back(k == 0 ? 0.0 : k * step);
  }
  return found;
}

std::vector<std::pair<double, double>> thinned(std::span<const std::pair<double, double>> path) {
  constexpr double kSeen = 0.004;
  std::vector<std::pair<double, double>> kept;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto& [x, y] = path[i];
    const bool far = i == 0 || std::abs(x - kept.back().first) >= kSeen ||
                     std::abs(y - kept.back().second) >= kSeen;
    if (!far && i + 1 < path.size()) continue;
    if (i > 0 && path[i - 1] != kept.back()) kept.push_back(path[i - 1]);
    kept.push_back(path[i]);
  }
  return kept;
}

std::string line_chart(const Chart& chart) {
  const Frame frame{chart.x, chart.y};
  std::string out = figure(frame, chart.id, chart.title, chart.description);
  out += axes(frame, chart.x_label, chart.y_label, chart.whole_x);
  if (!chart.diagonal.empty()) out += diagonal(frame);
  if (chart.mark) out += marked(frame, *chart.mark);
  const std::vector<std::size_t> first = coinciding(chart);
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    out += fmt::format("<polyline class=\"{}\"{} points=\"", style_of(i), turns(first, i));
    for (const auto& [x, y] : chart.series[i].points) {
      out += fmt::format("{:.1f},{:.1f} ", frame.at_x(x), frame.at_y(y));
    }
    out += "\"/>\n";
    for (const auto& [x, y] : chart.series[i].points) {
      if (!chart.markers) break;
      out += fmt::format(
          "<circle class=\"dot s{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"><title>{}: {:g}, "
          "{:.4f}</title></circle>\n",
          i % kStyles, frame.at_x(x), frame.at_y(y), html(chart.series[i].name), x, y);
    }
  }
  out += "</svg>\n<ul class=\"legend\">\n";
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const std::string along =
        first[i] == i ? "" : fmt::format(" (along with {})", chart.series[first[i]].name);
    out += swatch(style_of(i), chart.series[i].name + along);
  }
  if (!chart.diagonal.empty()) out += swatch("diagonal", chart.diagonal);
  if (chart.mark) out += swatch("kept", chart.mark->name);
  return out + "</ul>\n</figure>\n";
}

std::string reliability_chart(std::span<const ReliabilityBin> bins, const std::string& id) {
  const Frame frame{{0, 1}, {0, 1}};
  std::string out =
      figure(frame, id, "Accuracy by confidence",
             "A bar for each range of confidence shows how often answers were right. A bar that "
             "ends below the diagonal means that the confidence is too high.");
  out += axes(frame, "confidence", "share that is right", false);
  const double width = 1.0 / static_cast<double>(bins.size());
  std::size_t max = 1;
  for (const ReliabilityBin& bin : bins) max = std::max(max, bin.count);
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const ReliabilityBin& bin = bins[i];
    if (bin.count == 0) continue;
    const double left = frame.at_x(static_cast<double>(i) * width);
    const double right = frame.at_x(static_cast<double>(i + 1) * width);
    const double top = frame.at_y(bin.accuracy);
    out += fmt::format(
        "<rect class=\"bar\" fill-opacity=\"{:.3f}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\"><title>{} answers of confidence {:.3f}: {:.3f} right</title></rect>\n",
        0.08 + 0.62 * static_cast<double>(bin.count) / static_cast<double>(max), left + 1, top,
        right - left - 2, frame.bottom() - top, grouped(bin.count), bin.confidence, bin.accuracy);
    out += fmt::format("<circle class=\"dot s1\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"/>\n",
                       frame.at_x(bin.confidence), top);
  }
  out += diagonal(frame) + "</svg>\n<ul class=\"legend\">\n";
  out +=
      "<li><span class=\"box\" aria-hidden=\"true\"></span>share that is right; a stronger colour "
      "means more answers</li>\n";
  out += "<li><span class=\"spot\" aria-hidden=\"true\"></span>mean confidence of the bin</li>\n";
  return out + swatch("diagonal", "honest confidence") + "</ul>\n</figure>\n";
}

}  // namespace weft
