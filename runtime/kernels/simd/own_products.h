// The products of products.h by weft's own loops, for builds without oneDNN: slower, and nothing is
// generated at run time. Compiled in every build, so that every build tests them.
#pragma once

#include "runtime/kernels/products.h"

namespace weft {

std::unique_ptr<RowConvolution> make_own_row_convolution(const ConvolutionShape&, const RowWeights&,
                                                         int threads);
void own_gemm(const Gemm&);

}  // namespace weft
