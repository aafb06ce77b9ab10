// The weights of a plan, for a graph that is lowered from its description for one text.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/graph.h"
#include "ir/interpret.h"
#include "ir/op.h"
#include "ir/plan/plan.h"

namespace weft {

// A description and its plan come from one file, which need not be honest: Error unless the tensor
// of `value` is there and of its type. Of a table of words: unless it has rows of as many numbers,
// one for each id.
const PlanTensor& checked_weights(const Plan&, const Value&, bool table,
                                  std::span<const std::int32_t> ids);

std::span<const float> floats(const PlanTensor&);

// The same, as a tensor of the value's shape; of a table the rows of these ids.
Tensor weights_of(const Plan&, const Value&, bool table, std::span<const std::int32_t> ids);

// The inputs, params and states of such a graph. A table of words has the rows of the text's words,
// in their order; the text's ids count them from 0.
Bindings bindings_of_text(const Graph&, const Plan&, std::span<const std::int32_t> ids);

// By what the features are multiplied in the sum of the log-odds of the decisions that lead to a
// label. `tree`: sound, see ir/ops/nn/label_tree.h. `rows`: f32[L-1, C], of its inner nodes.
std::vector<double> decision_weights(const Tensor& tree, const Tensor& rows, std::size_t label);

}  // namespace weft
