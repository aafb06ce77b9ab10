// What ops that end in a maximum over sequences, a bias and an activation share.
#pragma once

#include "ir/op.h"

namespace weft {

// Of a node with y = act(maximum + bias), but 0 for an empty sequence: the gradient of the bias,
// where `dz` is that of act's operand. An empty sequence has no part in it.
ValueId pooled_bias_gradient(const GradientContext&, ValueId dz, ValueId offsets);

}  // namespace weft
