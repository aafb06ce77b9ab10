// The products of a build without oneDNN: in the place of runtime/kernels/onednn/.
#include "runtime/kernels/counters.h"
#include "runtime/kernels/simd/own_products.h"

namespace weft {

std::unique_ptr<RowConvolution> make_row_convolution(const ConvolutionShape& shape,
                                                     const RowWeights& weights, int threads) {
  return make_own_row_convolution(shape, weights, threads);
}

void gemm(const Gemm& g) { own_gemm(g); }

void limit_products(std::string_view) {}  // Highway's limit is theirs

std::int64_t onednn_primitives_created() { return 0; }
std::int64_t onednn_reference_primitives_created() { return 0; }

}  // namespace weft
