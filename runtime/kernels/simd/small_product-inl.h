// Products of matrices that fit the nearest cache, in tiles added up in registers; included once
// per target.
#if defined(WEFT_SIMD_SMALL_PRODUCT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef WEFT_SIMD_SMALL_PRODUCT_INL_H
#undef WEFT_SIMD_SMALL_PRODUCT_INL_H
#else
#define WEFT_SIMD_SMALL_PRODUCT_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
constexpr std::int64_t kLanes = hn::MaxLanes(D());
// So many rows and vectors that their sums fill the registers and their additions the pipeline.
constexpr std::size_t kProductRows = kLanes == 16 ? 12 : 6;
constexpr std::int64_t kProductVectors = 2;

// a[row, k] lies at data[row * row_stride + k * depth_stride].
struct Factor {
  const float* data;
  std::int64_t row_stride, depth_stride;
};
// Rows of whole, aligned vectors.
template <class T>
struct VectorRows {
  T* data;
  std::int64_t stride;
};

template <std::int64_t kVectors>
HWY_INLINE void product_tile(const float* const* a, std::int64_t depth_stride, const float* b,
                             std::int64_t stride, std::int64_t depth, float* const* c, bool add) {
  const D d;
  hn::Vec<D> sums[kProductRows][kVectors];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kProductRows; ++i) {
#pragma GCC unroll 16
    for (std::int64_t v = 0; v < kVectors; ++v) {
      sums[i][v] = add ? hn::Load(d, c[i] + v * kLanes) : hn::Zero(d);
    }
  }
  for (std::int64_t at = 0; depth > 0; --depth, b += stride, at += depth_stride) {
    hn::Vec<D> w[kVectors];
#pragma GCC unroll 16
    for (std::int64_t v = 0; v < kVectors; ++v) w[v] = hn::Load(d, b + v * kLanes);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kProductRows; ++i) {
      const auto x = hn::Set(d, a[i][at]);
#pragma GCC unroll 16
      for (std::int64_t v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(x, w[v], sums[i][v]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kProductRows; ++i) {
#pragma GCC unroll 16
    for (std::int64_t v = 0; v < kVectors; ++v) hn::Store(sums[i][v], d, c[i] + v * kLanes);
  }
}

// c[rows, columns] = a[rows, depth] b[depth, columns], or is added to; whole vectors of columns.
inline void small_product(Factor a, VectorRows<const float> b, VectorRows<float> c,
                          std::int64_t rows, std::int64_t depth, std::int64_t columns, bool add) {
  constexpr std::int64_t block = kProductVectors * kLanes;
  const float* from[kProductRows];
  float* to[kProductRows];
  for (std::int64_t column = 0; column < columns; column += block) {
    for (std::int64_t row = 0; row < rows; row += kProductRows) {
      // A last, incomplete tile computes its last row several times.
      for (std::size_t i = 0; i < kProductRows; ++i) {
        const std::int64_t at = std::min(row + static_cast<std::int64_t>(i), rows - 1);
        from[i] = a.data + at * a.row_stride;
        to[i] = c.data + at * c.stride + column;
      }
      const auto tile =
          columns - column < block ? &product_tile<1> : &product_tile<kProductVectors>;
      tile(from, a.depth_stride, b.data + column, b.stride, depth, to, add);
    }
  }
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
