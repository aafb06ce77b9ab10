// The weights of a plan, for a graph that is lowered from its description for one text.
#pragma once

#include <cstdint>
#include <span>

#include "ir/graph.h"
#include "ir/plan/plan.h"

namespace weft {

// A description and its plan come from one file, which need not be honest: Error unless the tensor
// of `value` is there and of its type. Of a table of words: unless it has rows of as many numbers,
// one for each id.
const PlanTensor& checked_weights(const Plan&, const Value&, bool table,
                                  std::span<const std::int32_t> ids);

std::span<const float> floats(const PlanTensor&);

}  // namespace weft
