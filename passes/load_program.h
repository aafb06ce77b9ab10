// The part of a predicting program that need not wait for a request.
#pragma once

#include <optional>

#include "ir/graph.h"

namespace weft {

struct LoadSplit {
  Graph predict;
  std::optional<Graph> load;  // none: everything depends on the request
};

// What depends on params and states only moves to a program @load, which writes it to new states
// (attrs `computed="load"`) that the predicting program reads instead. @load is to be run once, and
// again after its params have changed; no file need store what it writes. Without memory plans.
LoadSplit split_load_program(const Graph& predict);

}  // namespace weft
