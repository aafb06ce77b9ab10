// The ops by name, for code that builds nodes: `graph.add(ops::relu, {x})`.
#pragma once

#include "ir/op.h"

namespace weft::ops {

#define WEFT_OP(name) extern const OpDef name;
#include "ir/ops/ops.def"

}  // namespace weft::ops
