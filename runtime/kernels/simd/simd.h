// weft's own vector loops: compiled once per instruction set, the best one picked at run time.
//
// A result never depends on where in an array an element stands: the last, incomplete vector of a
// loop is computed like the others, in a copy. In-place use (an output that is an input) is
// allowed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ir/missed_steps.h"
#include "ir/random.h"

namespace weft::simd {

// The instruction set in use: "AVX2".
const char* target_name();

enum class Unary : std::uint8_t { relu, tanh, sigmoid, gelu, gelu_tanh, elu, scale };
// The one of an `act` attribute; none for "".
std::optional<Unary> find_unary(std::string_view act);
// y[i] = f(x[i]); `parameter` is elu's alpha and scale's factor.
void map(Unary f, const float* x, float* y, std::int64_t n, float parameter);

enum class Binary : std::uint8_t {
  add,
  sub,
  mul,
  relu_grad,  // of (y, dy), like the next two and elu_grad
  tanh_grad,
  sigmoid_grad,
  elu_grad,
  gelu_grad,  // of (x, dy)
  gelu_tanh_grad,
};
void map(Binary f, const float* a, const float* b, float* y, std::int64_t n, float parameter);

// y[i] = x[i] * scale where the random bits of element first + i reach the threshold, else 0.
void dropout(RandomKey key, std::uint32_t threshold, float scale, const float* x, float* y,
             std::int64_t n, std::uint32_t first);

// y[r] = softmax(x[r]), or its logarithm, for rows of n; norms[r] = log sum exp x[r], unless null.
void softmax(const float* x, float* y, float* norms, std::int64_t rows, std::int64_t n, bool log);

// Over rows of `pitch` floats: the first maximum of each of n columns; `where`, unless it is null,
// gets first_row + the row it is in.
void max_rows(const float* x, std::int64_t rows, std::int64_t row_stride, std::int64_t n,
              std::int32_t first_row, float* y, std::int32_t* argmax);
// y[c] = factor * sum over rows of x[row, c].
void sum_rows(const float* x, std::int64_t rows, std::int64_t row_stride, std::int64_t n,
              float factor, float* y);

// y[r, o] = x[r] . w[o] + bias[o], for n numbers each; the rows of w are `pitch` apart and filled
// up with zeros to a multiple of the longest vector (padded()). `bias` may be null.
void dot_rows(const float* x, std::int64_t rows, std::int64_t n, const float* w,
              std::int64_t row_stride, std::int64_t outputs, const float* bias, float* y);
std::int64_t padded(std::int64_t n);

// table[ids[t], c] += dy[t, c] for begin <= c < end, in the order of t.
void scatter_add_rows(const std::int32_t* ids, std::int64_t count, const float* dy,
                      std::int64_t width, std::int64_t begin, std::int64_t end, float* table);

// One step of an optimizer over n weights; new values to the places after `to`.
struct Adam {
  float step_size;        // rate / (1 - beta1^t)
  float root_correction;  // 1 / sqrt(1 - beta2^t)
  float beta1, beta2, epsilon;
  float gradient_decay;  // adam: weight_decay; adamw: 0
  float weight_factor;   // adam: 1; adamw: 1 - rate * weight_decay
};
struct Update {
  const float *w, *g, *first, *second;  // states: as many as the optimizer has
  float *to_w, *to_first, *to_second;
  std::int64_t n;
};
void adam(const Adam&, const Update&);

struct Sgd {
  float rate, decay, momentum;
  bool nesterov, has_velocity;
};
void sgd(const Sgd&, const Update&);

struct Adadelta {
  float rate, rho, epsilon, decay;
};
void adadelta(const Adadelta&, const Update&);

// Many steps without a gradient, as ir/missed_steps.h has them; `g` of the update is not read.
void adam_gap(const AdamGap&, const Update&);
void sgd_gap(const SgdGap&, const Update&);

}  // namespace weft::simd
