// Charts as SVG inside a page. Colours come from the page's style, so that they follow light and
// dark mode. Each chart has a title and a description, and its lines differ by dashes too.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/report/report.h"

namespace weft {

// Escapes text for HTML and its attributes: `<`, `>`, `&` and quotes; replaces control characters
// and ill-formed UTF-8.
std::string html(std::string_view text);

// A box of fixed units, which the page scales, and the numbers that its axes show.
struct Frame {
  std::pair<double, double> x, y;
  double width = 480, height = 300;

  static constexpr double kLeft = 66, kRight = 12, kTop = 12, kBottom = 46;
  double right() const { return width - kRight; }
  double bottom() const { return height - kBottom; }
  double at_x(double value) const {
    return kLeft + (value - x.first) / (x.second - x.first) * (right() - kLeft);
  }
  double at_y(double value) const {
    return bottom() - (value - y.first) / (y.second - y.first) * (bottom() - kTop);
  }
};

// The beginning of a figure, up to its picture's content, which `</svg></figure>` ends.
std::string figure(const Frame&, const std::string& id, const std::string& title,
                   const std::string& description);
std::string axes(const Frame&, const std::string& x_label, const std::string& y_label,
                 bool whole_x);

// An entry of a list of class `legend`: a line of a class of the style sheet, and what it means.
std::string swatch(const std::string& style, const std::string& name);

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

// A range of the x axis, or one place on it if both ends are equal.
struct Mark {
  double from = 0, to = 0;
  std::string name;
};

struct Chart {
  std::string id;  // unique in the page
  std::string title, description;
  std::string x_label, y_label;
  std::pair<double, double> x, y;  // the ranges shown
  bool whole_x = false;            // ticks at whole numbers only
  bool markers = false;            // a dot at each point
  std::string diagonal = {};       // the name of a line from corner to corner; empty: no line
  std::optional<Mark> mark = {};
  std::vector<Series> series = {};
};

// A figure with a legend, which also names the diagonal and the mark.
std::string line_chart(const Chart&);

// Accuracy by confidence: a bar for each bin, and the diagonal to compare with.
std::string reliability_chart(std::span<const ReliabilityBin>, const std::string& id);

// A path in the unit square without the points that are too close to the last to be seen. Corners
// stay.
std::vector<std::pair<double, double>> thinned(std::span<const std::pair<double, double>>);

// About `count` numbers from `low` to `high`, at steps of 1, 2 or 5 times a power of ten.
std::vector<double> ticks(double low, double high, int count, bool whole = false);

}  // namespace weft
