// Checks the numbers of a test: see test_file.h.
#pragma once

#include <string>

#include "frontend/graph_tests/test_file.h"

namespace weft {

// A line for each program and engine whose numbers differ; empty: none does. `json` is the text of
// a section of values; with `update` its results become those of the reference, where they are
// given and differ or are empty. Error, with the file's name, for values that the programs cannot
// take.
std::string check_values(const TestFile&, const std::string& name, std::string& json, bool update);

}  // namespace weft
