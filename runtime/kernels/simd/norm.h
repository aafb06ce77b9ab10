// Layer normalisation of rows, and its gradient. A row's result depends on that row alone.
#pragma once

#include <cstdint>

namespace weft::simd {

// y = (s - mean) * rstd * gamma + beta, where s = x + residual, and mean and rstd are those of the
// row s. All matrices are [rows, width]; `y` may be `x` or `residual`.
struct LayerNorm {
  std::int64_t width = 0;
  double epsilon = 0;
  const float* x = nullptr;
  const float* residual = nullptr;  // null: s = x
  const float* gamma = nullptr;     // [width]
  const float* beta = nullptr;      // [width]
  float* sum = nullptr;             // s; null: not wanted
  float* y = nullptr;
  float* mean = nullptr;  // [rows]; null: not wanted
  float* rstd = nullptr;  // [rows]; null: not wanted
};
void layer_norm(const LayerNorm&, std::int64_t begin, std::int64_t end);

// The gradients. `x` is what was normalised (s above); `dx` may be `dy`.
struct LayerNormGrad {
  std::int64_t width = 0;
  const float* x = nullptr;
  const float* gamma = nullptr;
  const float* mean = nullptr;
  const float* rstd = nullptr;
  const float* dy = nullptr;
  float* dx = nullptr;
  float* partial = nullptr;  // [blocks, 2, width]: the sums of each block's dgamma and dbeta
};
// Rows are summed by blocks, whoever computes which: so the sums do not depend on threads.
constexpr std::int64_t kNormBlock = 64;
constexpr std::int64_t norm_blocks(std::int64_t rows) {
  return (rows + kNormBlock - 1) / kNormBlock;
}
// Rows of blocks [begin, end), of `rows` in all.
void layer_norm_grad(const LayerNormGrad&, std::int64_t rows, std::int64_t begin, std::int64_t end);
// dgamma[width] and dbeta[width] of all blocks.
void layer_norm_sums(const LayerNormGrad&, std::int64_t rows, float* dgamma, float* dbeta);

}  // namespace weft::simd
