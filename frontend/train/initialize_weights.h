// The contents of weights and states before the first training step.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ir/graph.h"

namespace weft {

// How a tensor begins, its attribute `init`; "zeros" where it has none.
std::string_view init_of(const Value&);

// Fills one tensor, of zeros so far, as its attributes say: init="uniform" (in [-scale, scale]),
// "ones", or zeros. Numbers depend on the seed, the name and the element's place, not on the
// platform nor on which other weights there are: adding a layer changes no other's beginning.
void initialize(const Value& value, std::uint64_t seed, std::span<std::byte> bytes);

}  // namespace weft
