// weft's own vector loops: compiled once per instruction set, the best one picked at run time.
//
// A result never depends on where in an array an element stands: the last, incomplete vector of a
// loop is computed like the others, in a copy. In-place use (an output that is an input) is
// allowed.
#pragma once

#include <cstdint>

#include "ir/ops/nn/activation.h"
#include "ir/random.h"

namespace weft::simd {

// The instruction set in use: "AVX2".
const char* target_name();

// y[i] = act(x[i]); `alpha` is elu's.
void activate(Activation, const float* x, float* y, std::int64_t n, float alpha = 1.0F);
// dx[i] = dy[i] times the activation's slope, which gelu tells of its operand x, others of their
// result y: `of`.
void activation_grad(Activation, const float* of, const float* dy, float* dx, std::int64_t n,
                     float alpha = 1.0F);

// y[i] = factor * x[i]
void scale(float factor, const float* x, float* y, std::int64_t n);

enum class Binary : std::uint8_t { add, sub, mul };
void map(Binary, const float* a, const float* b, float* y, std::int64_t n);

// y[i] = x[i] * scale where the random bits of element first + i reach the threshold, else 0.
void dropout(RandomKey key, std::uint32_t threshold, float scale, const float* x, float* y,
             std::int64_t n, std::uint32_t first);

// y[r] = softmax(x[r]), or its logarithm, for rows of n; norms[r] = log sum exp x[r], unless null.
void softmax(const float* x, float* y, float* norms, std::int64_t rows, std::int64_t n, bool log);

// Over rows `row_stride` floats apart: the first maximum of each of n columns; `argmax`, unless it
// is null, gets first_row + the row it is in.
void max_rows(const float* x, std::int64_t rows, std::int64_t row_stride, std::int64_t n,
              std::int32_t first_row, float* y, std::int32_t* argmax);
// y[c] = factor * sum over rows of x[row, c].
void sum_rows(const float* x, std::int64_t rows, std::int64_t row_stride, std::int64_t n,
              float factor, float* y);

// y[r, o] = x[r] . w[o] + bias[o], for n numbers each; the rows of w are `row_stride` apart and
// filled up with zeros to a multiple of the longest vector (padded()). `bias` may be null.
void dot_rows(const float* x, std::int64_t rows, std::int64_t n, const float* w,
              std::int64_t row_stride, std::int64_t outputs, const float* bias, float* y);
std::int64_t padded(std::int64_t n);

// table[ids[t], c] += dy[t, c] for begin <= c < end, in the order of t.
void scatter_add_rows(const std::int32_t* ids, std::int64_t count, const float* dy,
                      std::int64_t width, std::int64_t begin, std::int64_t end, float* table);

// One step of an optimizer over n weights, by kernels/train; new values to the places after `to`.
struct Update {
  const float *w, *g, *first, *second;  // states: as many as the optimizer has
  float *to_w, *to_first, *to_second;
  std::int64_t n;
};

}  // namespace weft::simd
