// Rows times a matrix, each by itself, compiled once per instruction set like the loops of simd.h.
#pragma once

#include <cstdint>

namespace weft::simd {

// out[i] = e[i] W for rows i of e[N, depth] and W[depth, width]. The matrix is stored in panels of
// 16 columns: panel p holds columns 16 p .. 16 p + 15 of W's first row, then of its second …
struct RowProduct {
  static constexpr std::int64_t kPanel = 16;

  const float* e = nullptr;
  std::int64_t depth = 0;
  const float* panels = nullptr;       // 64-byte aligned, [width / 16, depth, 16]
  std::int64_t width = 0;              // a multiple of 16
  float* out = nullptr;                // [N, width], 64-byte aligned
  const std::int32_t* rows = nullptr;  // which rows; null: consecutive ones
};

// Computes rows rows[begin] .. rows[end - 1], or begin .. end - 1. A row's result has the same bits
// whatever other rows are computed: it is added up in the order of `depth`, one product at a time.
void row_product(const RowProduct&, std::int64_t begin, std::int64_t end);

}  // namespace weft::simd
