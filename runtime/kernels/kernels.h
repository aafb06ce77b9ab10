// The kernel of each op, for the table in kernels.cpp; null where a node's types are not for it.
#pragma once

#include "runtime/kernels/kernel.h"

namespace weft {}  // namespace weft
