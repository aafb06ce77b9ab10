// Products of matrices, as kernels ask for them. By oneDNN (onednn/); in a build without it
// (WEFT_WITH_ONEDNN=OFF) by weft's own loops (simd/own_products.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "ir/ops/nn/activation.h"
#include "runtime/resources/packed_copies.h"

namespace weft {

// One long sequence: in[(rows - 1) * stride + span, channels_in] -> out[rows, channels_out].
struct ConvolutionShape {
  std::int64_t in = 0, out = 0;  // channels
  std::int64_t taps = 1, stride = 1, dilation = 1;
  bool bias = false;
  Activation act = Activation::none;

  std::int64_t span() const { return (taps - 1) * dilation + 1; }
  std::int64_t rows_in(std::int64_t rows) const { return (rows - 1) * stride + span(); }
};

// The place of weight (out, in, tap), in floats from the first.
struct WeightStrides {
  std::int64_t out = 0, in = 0, tap = 0;
};

// Weights as they are given.
struct RowWeights {
  const float* data = nullptr;
  WeightStrides strides;
  const float* bias = nullptr;     // null if the shape has none
  PackedCopies* shared = nullptr;  // where packed copies are kept; null: nowhere but here
  // Memory that all kernels of a program use in turn for their packed weights. It is used in every
  // run if `shared` is null, else in the first run only: a program that runs once does not wait for
  // fresh memory.
  std::shared_ptr<PackedScratch> scratch = nullptr;
};

// A convolution over a long run of rows whose result for a row depends on that row's window only:
// not on how many rows there are, where it stands among them, or which thread computes it. Bit for
// bit.
class RowConvolution {
 public:
  static constexpr std::int64_t kLargest = 64;  // rows worth collecting for one call of compute()

  RowConvolution() = default;
  virtual ~RowConvolution() = default;
  RowConvolution(const RowConvolution&) = delete;
  RowConvolution& operator=(const RowConvolution&) = delete;

  // Makes now what compute() otherwise makes at its first use.
  virtual void make_all() = 0;

  // Brings the packed weights to this version (see PackedCopy); before each run's compute(), by one
  // thread.
  virtual void pack(std::uint64_t version) = 0;

  // out[i] = act(bias + sum over taps of in[i * stride + tap * dilation] W_tap), 0 <= i < rows.
  // `part` names the calling thread among those it was made for.
  virtual void compute(const float* in, float* out, std::int64_t rows, int part) = 0;
};

// The weights stay where they are.
std::unique_ptr<RowConvolution> make_row_convolution(const ConvolutionShape&, const RowWeights&,
                                                     int threads);

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

// Keeps oneDNN to an instruction set, a value of WEFT_ISA; its calls must not have begun.
void limit_products(std::string_view instruction_set);

}  // namespace weft
