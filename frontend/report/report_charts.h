// Charts as SVG that a page holds inline: colours come from the page's style, so that they follow
// light and dark; each has a title and a description, and tells its lines apart by dashes too.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/report/report.h"

namespace weft {

// Text as it may stand in HTML or an attribute: `<`, `>`, `&` and quotes escaped, without control
// characters and ill-formed UTF-8.
std::string html(std::string_view text);

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

// A stretch of the x axis, or where both ends are the same a place on it.
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
  std::string diagonal = {};       // what a line from corner to corner stands for; empty: none
  std::optional<Mark> mark = {};
  std::vector<Series> series = {};
};

// A figure with a legend; the diagonal and the mark, where there are any, are in it.
std::string line_chart(const Chart&);

// Accuracy by confidence, a bar for each bin, against the diagonal.
std::string reliability_chart(std::span<const ReliabilityBin>, const std::string& id);

// Which bytes of an arena each value has, by time.
std::string arena_picture(std::span<const ArenaBlock>, const std::string& id);

// A path within 0 to 1, without points so near to the last that nobody can see it; corners stay.
std::vector<std::pair<double, double>> thinned(std::span<const std::pair<double, double>>);

// 1, 2 or 5 times a power of ten, so that `low` to `high` has about `count` of them; those within.
std::vector<double> ticks(double low, double high, int count, bool whole = false);

}  // namespace weft
