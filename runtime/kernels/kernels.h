// The kernels of the list of ops, make_relu and so on: one per op, defined in the file of the op's
// family; null where a node's types are not for it.
#pragma once

#include "runtime/kernels/kernel.h"

namespace weft {

using KernelPtr = std::unique_ptr<Kernel>;

#define WEFT_OP(name) KernelPtr make_##name(const BindContext&);
#define WEFT_OP_WITHOUT_KERNEL(name)
#include "ir/ops/ops.def"

}  // namespace weft
