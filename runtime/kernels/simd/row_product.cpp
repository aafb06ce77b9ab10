// Tiles of some rows by a few panels are added up in registers.
#include "runtime/kernels/simd/row_product.h"

#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/row_product.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, RowProduct::kPanel>;
constexpr std::size_t kWidth = HWY_MIN(hn::MaxLanes(D()), RowProduct::kPanel);
constexpr std::size_t kPanelVectors = RowProduct::kPanel / kWidth;  // of a panel's row
// So many rows and panels that their sums fill the registers and their additions the pipeline. With
// two panels a number that is read is multiplied twice: reading does not hold the additions up.
constexpr std::size_t kRows = kPanelVectors == 1 ? 12 : kPanelVectors == 2 ? 6 : 2;
constexpr std::int64_t kPanels = kPanelVectors == 1 ? 2 : 1;
constexpr std::int64_t kBlock = 96;  // rows, of which each panel is read once

// kRows rows, from e[i] to out[i], by so many panels; the same row may be there twice.
template <std::size_t kSome>
HWY_INLINE void tile(const float* const* e, std::int64_t depth, const float* panel,
                     float* const* out, std::int64_t column) {
  constexpr std::size_t kVectors = kSome * kPanelVectors;
  const D d;
  const std::int64_t row_stride = depth * RowProduct::kPanel;
  hn::Vec<D> sums[kRows][kVectors];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) sums[i][v] = hn::Zero(d);
  }
  for (std::int64_t k = 0; k < depth; ++k, panel += RowProduct::kPanel) {
    hn::Vec<D> w[kVectors];
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) {
      const auto p = static_cast<std::int64_t>(v / kPanelVectors);
      w[v] = hn::Load(d, panel + p * row_stride + v % kPanelVectors * kWidth);
    }
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kRows; ++i) {
      const auto x = hn::Set(d, e[i][k]);
#pragma GCC unroll 16
      for (std::size_t v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(x, w[v], sums[i][v]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) {
      hn::Store(sums[i][v], d, out[i] + column + v * kWidth);
    }
  }
}

void RowProductOf(const RowProduct& p, std::int64_t begin, std::int64_t end) {
  // A last, incomplete tile computes its last row several times.
  constexpr std::size_t max = static_cast<std::size_t>(kBlock);
  const float* e[max];
  float* out[max];
  for (; begin < end; begin += kBlock) {
    const auto rows = static_cast<std::size_t>(HWY_MIN(end - begin, kBlock));
    const std::size_t filled = (rows + kRows - 1) / kRows * kRows;
    for (std::size_t i = 0; i < filled; ++i) {
      const std::int64_t at = begin + static_cast<std::int64_t>(HWY_MIN(i, rows - 1));
      const std::int64_t row = p.rows != nullptr ? p.rows[at] : at;
      e[i] = p.e + row * p.depth;
      out[i] = p.out + row * p.width;
    }
    constexpr std::int64_t both = kPanels * RowProduct::kPanel;
    std::int64_t column = 0;
    for (; column + both <= p.width; column += both) {
      const float* panels = p.panels + column * p.depth;
      for (std::size_t i = 0; i < filled; i += kRows) {
        tile<kPanels>(e + i, p.depth, panels, out + i, column);
      }
    }
    for (; column < p.width; column += RowProduct::kPanel) {
      const float* panel = p.panels + column * p.depth;
      for (std::size_t i = 0; i < filled; i += kRows) {
        tile<1>(e + i, p.depth, panel, out + i, column);
      }
    }
  }
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::simd {

HWY_EXPORT(RowProductOf);

void row_product(const RowProduct& product, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(RowProductOf)(product, begin, end);
}

}  // namespace weft::simd
#endif  // HWY_ONCE
