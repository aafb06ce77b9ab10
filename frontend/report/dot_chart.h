// Charts of dots: folds, trials. Dots differ by size and colour; each says what it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace weft {

struct Dot {
  double x = 0, y = 0;
  std::size_t style = 0;  // of DotChart::styles
  std::string tip;
};

// A level of y, and a range around it.
struct Band {
  double low = 0, level = 0, high = 0;
  std::string name;
};

struct DotChart {
  std::string id;  // unique in the page
  std::string title;
  std::string description = {};
  std::string x_label, y_label;
  bool whole_x = false;                  // ticks at whole numbers only
  std::vector<std::string> styles = {};  // what each is called, at most four
  std::vector<Dot> dots = {};            // finite
  std::optional<Band> band = {};
};

// A figure with a legend; the axes show all dots and the band. Empty without dots.
std::string dot_chart(const DotChart&);

}  // namespace weft
