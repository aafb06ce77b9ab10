// The part of a predicting program that need not wait for a request.
#pragma once

#include <optional>

#include "ir/graph.h"

namespace weft {

struct LoadSplit {
  Graph predict;
  std::optional<Graph> load;  // none: everything depends on the request
};

// Moves everything that depends only on params and states to a program @load. It writes new states
// (attrs `computed="load"`), which the predicting program reads instead. @load runs once, and again
// after its params have changed; no file needs to store its states. Both lack memory plans.
LoadSplit split_load_program(const Graph& predict);

}  // namespace weft
