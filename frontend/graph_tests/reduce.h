// Delta debugging of a graph: the smallest that still fails.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace weft {

struct ReduceStep {
  std::size_t tried = 0;  // graphs so far
  std::size_t nodes = 0;  // of the smallest that fails
};

// Programs that fail, made smaller as long as `fails` says that they still do: without a program, a
// result, a write; nodes give way to inputs, in blocks and one by one, or to one of their own
// operands; optional operands, attributes, comments and places go; extents and capacities shrink.
// Every graph that is tried obeys the rules of the IR. The same programs and answers give the same
// result. `progress` is called after each try; false ends the work, and the smallest so far is
// returned.
std::vector<Graph> reduce_programs(std::vector<Graph>,
                                   const std::function<bool(const std::vector<Graph>&)>& fails,
                                   const std::function<bool(const ReduceStep&)>& progress);

}  // namespace weft
