// A program drawn: as Graphviz text, as an SVG file, or inside of a page. Text is escaped.
#pragma once

#include <string>
#include <string_view>

#include "ir/graph.h"

namespace weft {

std::string to_dot(const Graph&);
std::string to_svg(const Graph&);  // complete, with its styles and a legend

// For a page that has kGraphStyle. Boxes of nodes can be reached by keyboard and have the id
// `PREFIXn12`, those of layers that repeat `PREFIXr12`, by the first node; both say by data-node
// what they are. Ids begin with the prefix.
std::string svg_in_page(const Graph&, const std::string& prefix);

// Of `svg_in_page` and `to_svg`: plain colours, which viewers without CSS variables draw too.
extern const std::string_view kGraphStyle;

}  // namespace weft
