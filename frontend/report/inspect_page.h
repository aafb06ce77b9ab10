// `weft inspect --html`: a page that shows a plan's programs as graphs, their memory, what each
// pass did, and where each line of the description went.
#pragma once

#include <string>

#include "frontend/report/inspect.h"
#include "frontend/report/pass_history.h"

namespace weft {

// `title`: the name of the plan's file. The same plan gives the same bytes.
std::string inspect_page(const Inspection&, const PassHistory&, const std::string& title);

}  // namespace weft
