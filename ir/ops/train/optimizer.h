// What the dense and the row-wise optimizers share.
#pragma once

#include "ir/op.h"

namespace weft {

// An attribute's range, checked by its name: rates of decay are below 1, the rest is not negative.
void check_optimizer_attrs(const InferContext&);

}  // namespace weft
