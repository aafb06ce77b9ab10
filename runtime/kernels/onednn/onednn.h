// oneDNN as weft uses it; the only place that knows how its versions 2 and 3 differ.
//
// Primitives are made for one thread and run by one thread: weft cuts the work itself, so that what
// a row's result is never depends on how many threads or which other rows there are.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include <cstdint>
#include <string>

#include "ir/ops/nn/activation.h"

namespace weft {

const dnnl::engine& onednn_engine();
dnnl::stream& onednn_stream();  // this thread's

// One long sequence: in[(rows - 1) * stride + span, channels_in] -> out[rows, channels_out].
struct ConvolutionShape {
  std::int64_t in = 0, out = 0;  // channels
  std::int64_t taps = 1, stride = 1, dilation = 1;
  bool bias = false;
  Activation act = Activation::none;

  std::int64_t span() const { return (taps - 1) * dilation + 1; }
  std::int64_t rows_in(std::int64_t rows) const { return (rows - 1) * stride + span(); }
};

// Activations lie in rows, weights in whatever order oneDNN likes best; scratchpad by the user.
dnnl::convolution_forward::primitive_desc describe_convolution(const ConvolutionShape&,
                                                               std::int64_t rows);

// Counts the primitive, and whether it is a reference implementation.
void count_primitive(const std::string& implementation);

// C[m, n] = beta * C + op(A)[m, k] op(B)[k, n], row-major; `transpose_a`: A is stored [k, m].
struct Gemm {
  bool transpose_a = false, transpose_b = false;
  std::int64_t m = 0, n = 0, k = 0;
  const float* a = nullptr;
  std::int64_t lda = 0;
  const float* b = nullptr;
  std::int64_t ldb = 0;
  float beta = 0;
  float* c = nullptr;
  std::int64_t ldc = 0;
};
void gemm(const Gemm&);

}  // namespace weft
