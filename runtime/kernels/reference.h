// What references work on, from what kernels work on: operands as tensors of doubles.
#pragma once

#include "ir/interpret.h"
#include "runtime/kernels/kernel.h"

namespace weft {

// The numbers of an operand as they lie in memory, row-major.
Tensor tensor_of(const Operand&, const RunContext&);

// The symbols that are bound so far.
SymbolExtents bound_extents(const Graph&, const RunContext&);

}  // namespace weft
