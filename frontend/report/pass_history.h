// What each pass made of a plan's programs: the description is compiled again and watched.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ir/plan/plan.h"

namespace weft {

struct PassStep {
  std::string program, pass, doc;
  std::size_t nodes_before = 0, nodes_after = 0;
  std::string diff;  // of the program's text, as line_diff() writes it; empty: nothing changed
};

struct PassHistory {
  std::string failure;  // why it cannot be compiled again; else empty
  Graph lowered;        // the description's own graph
  std::vector<PassStep> steps;
  std::vector<std::string> changed;  // programs that the plan holds in another form than this
};

PassHistory pass_history(const Plan&);

}  // namespace weft
