// The documented filling of what a graph declares: see ValueSources::random in graph_values.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "ir/interpret.h"

namespace weft {

// The shape of a type; a symbol that is not bound counts as 0. Error if it has more than 2^32
// elements, which no test can mean.
Extents bound_shape(const Value&, const SymbolExtents&);

// A tensor for an input, param or state, where every symbol that is no derived one is bound.
// Error for `argmax`, which no filling can guess, and for rows that offsets cannot cut.
Tensor random_value(const Graph&, ValueId, const SymbolExtents&, std::uint64_t seed);

}  // namespace weft
