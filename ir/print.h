// Graph -> text. print(parse(t)) is a fixed point: names, comments, places and storage survive.
#pragma once

#include <string>

#include "ir/graph.h"

namespace weft {

std::string print(const Graph&);
std::string print(const Graph&, const Node&);  // one line, without the newline
std::string print(const Attr&);

}  // namespace weft
