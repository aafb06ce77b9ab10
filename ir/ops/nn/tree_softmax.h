// What the ops of label trees share: the check of the tree's type, and of its numbers.
#pragma once

#include "ir/op.h"
#include "ir/ops/nn/label_tree.h"

namespace weft {

// Error unless the port is the tree of two labels or more, i32[2L-2].
LabelTree expect_tree(const InferContext&, std::size_t port);

// Entry `i` of the tree at `port`. Error if it is no slot that the entry may hold.
std::int64_t slot_of(const EvalContext&, std::size_t port, std::int64_t i);

}  // namespace weft
