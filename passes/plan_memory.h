// plan-memory's figures: what a plan needs at the least.
#pragma once

#include <cstdint>

#include "ir/graph.h"

namespace weft {

// The most bytes of inputs and computed values alive at one time, in multiples of 64 and with
// values that share a place counted once: no arena can be smaller.
std::int64_t max_live_bytes(const Graph&);

}  // namespace weft
