// A layered layout of a graph without cycles: boxes in rows, arrows downwards (Sugiyama, Tagawa and
// Toda, "Methods for visual understanding of hierarchical system structures", 1981).
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace weft {

struct LayoutBox {
  double width = 0, height = 0;
};

// A value and its readers, as indices of boxes: one arrow that branches. Readers come after `from`.
struct LayoutNet {
  std::size_t from = 0;
  std::vector<std::size_t> to;
};

using LayoutPoint = std::pair<double, double>;  // x to the right, y downwards

struct GraphLayout {
  double width = 0, height = 0;
  std::vector<LayoutPoint> corners;                          // upper left, by box
  std::vector<std::vector<std::vector<LayoutPoint>>> paths;  // by net, by reader: down to its box
};

// The row of a box is the longest way to it, or, where no more arrows lead to it than from it, just
// above its first reader. Boxes of a row are ordered by the barycenters of their neighbours, so
// that few arrows cross. The same input gives the same layout. Error if an arrow leads upwards.
GraphLayout layered_layout(std::span<const LayoutBox>, std::span<const LayoutNet>);

}  // namespace weft
