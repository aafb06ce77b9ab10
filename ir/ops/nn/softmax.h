// The normaliser that softmax and cross_entropy share.
#pragma once

#include "ir/op.h"

namespace weft {

// log(sum of exp(x)) over one row, without overflow.
double log_sum_exp(const Tensor& x, std::int64_t row);

}  // namespace weft
