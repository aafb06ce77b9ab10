// Shared by ops that end in a maximum over sequences, a bias and an activation.
#pragma once

#include "ir/op.h"

namespace weft {

// The gradient of the bias of a node with y = act(maximum + bias), where `dz` is the gradient of
// the operand of act. An empty sequence, for which y is 0, contributes nothing.
ValueId pooled_bias_gradient(const GradientContext&, ValueId dz, ValueId offsets);

}  // namespace weft
