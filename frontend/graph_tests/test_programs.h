// What the heading of a test makes of its graphs.
#pragma once

#include <string>
#include <vector>

#include "frontend/graph_tests/test_file.h"
#include "ir/graph.h"

namespace weft {

// The text that `// ---- expected` is compared with. Errors of the program and of the passes have
// the places of the file `name`.
std::string made_text(const TestFile&, const std::string& name);

// The program that the heading makes of one of the graphs, after the one that is to be run before
// it, if there is one (@load). Empty where there is no heading, and where a frozen encoder is a
// program of its own.
std::vector<Graph> made_programs(const TestFile&, const Graph& graph);

}  // namespace weft
