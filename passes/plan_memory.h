// plan-memory's figures: what a plan needs at the least.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph.h"

namespace weft {

// The bytes of inputs and computed values that are alive, in multiples of 64 and with values that
// share a place counted once: before the first node, while each node runs, and at the end.
std::vector<std::int64_t> live_bytes(const Graph&);

// The most of them at one time: no arena can be smaller.
std::int64_t max_live_bytes(const Graph&);

}  // namespace weft
