// Shared by ops that make one row of each sequence.
#pragma once

#include "ir/op.h"

namespace weft {

// The shape [B, C] of what is pooled: operand 0 is x, f32[T, C], and `offsets` the port of
// i32[B+1 -> T].
Shape pooled_shape_of(const InferContext&, std::size_t offsets);

// The type f32[T, C] of x's gradient: operand 0 is dy, f32[B, C], a row per sequence.
TensorType unpooled_type_of(const InferContext&, std::size_t offsets);

// The gradient of the bias of a node with y = act(maximum + bias), where `dz` is the gradient of
// the operand of act. An empty sequence, for which y is 0, contributes nothing.
ValueId pooled_bias_gradient(const GradientContext&, ValueId dz, ValueId offsets);

}  // namespace weft
