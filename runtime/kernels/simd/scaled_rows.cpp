// Sums of a few scaled rows, each into its own place; transposition.
#include <algorithm>
#include <iterator>

#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/scaled_rows.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "runtime/kernels/simd/taps.h"

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
constexpr std::int64_t kWidth = static_cast<std::int64_t>(HWY_MIN(hn::MaxLanes(D()), 16));

// Of N vectors of columns, the last of them from column `last` on: what is summed stays in
// registers.
template <int N>
void sum_columns(const ScaledRows& lists, const float* matrix, std::int64_t matrix_stride,
                 float* sums, std::int64_t sums_stride, std::int64_t last) {
  const D d;
  const auto column = [&](int v) { return v + 1 < N ? v * kWidth : last; };
  for (std::size_t i = 0; i + 1 < lists.starts.size(); ++i, sums += sums_stride) {
    hn::Vec<D> sum[N];
#pragma GCC unroll 8
    for (auto& s : sum) s = hn::Zero(d);
    for (auto at = lists.starts[i]; at < lists.starts[i + 1]; ++at) {
      const ScaledRow& scaled = lists.rows[static_cast<std::size_t>(at)];
      const float* row = matrix + scaled.row * matrix_stride;
      const auto factor = hn::Set(d, scaled.factor);
#pragma GCC unroll 8
      for (int v = 0; v < N; ++v) {
        sum[v] = hn::MulAdd(factor, hn::LoadU(d, row + column(v)), sum[v]);
      }
    }
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) hn::StoreU(sum[v], d, sums + column(v));
  }
}

void sum_column(const ScaledRows& lists, const float* matrix, std::int64_t matrix_stride,
                float* sums, std::int64_t sums_stride) {
  for (std::size_t i = 0; i + 1 < lists.starts.size(); ++i, sums += sums_stride) {
    float sum = 0.0F;
    for (auto at = lists.starts[i]; at < lists.starts[i + 1]; ++at) {
      const ScaledRow& scaled = lists.rows[static_cast<std::size_t>(at)];
      sum += scaled.factor * matrix[scaled.row * matrix_stride];
    }
    *sums = sum;
  }
}

// By as few passes over the lists as registers allow. The last vector ends with the last column: it
// may give columns of the one before the same sums once more.
void SumScaledRows(const ScaledRows& lists, std::int64_t columns, const float* matrix,
                   std::int64_t matrix_stride, float* sums, std::int64_t sums_stride) {
  using Pass = decltype(&sum_columns<1>);
  constexpr Pass passes[] = {&sum_columns<1>, &sum_columns<2>, &sum_columns<3>, &sum_columns<4>,
                             &sum_columns<5>, &sum_columns<6>, &sum_columns<7>, &sum_columns<8>};
  constexpr std::int64_t max = std::size(passes);
  if (columns < kWidth) {
    for (std::int64_t c = 0; c < columns; ++c) {
      sum_column(lists, matrix + c, matrix_stride, sums + c, sums_stride);
    }
    return;
  }
  for (std::int64_t c = 0; c < columns; c += max * kWidth) {
    const std::int64_t left = columns - c;
    const std::int64_t vectors = std::min((left + kWidth - 1) / kWidth, max);
    const std::int64_t last = std::min(vectors * kWidth, left) - kWidth;
    passes[vectors - 1](lists, matrix + c, matrix_stride, sums + c, sums_stride, last);
  }
}

#if HWY_TARGET == HWY_SCALAR
constexpr std::int64_t kTileRows = 1, kTileColumns = 1;  // plain loops do

void transpose_tile(const float* from, std::int64_t, float* to, std::int64_t) { *to = *from; }
#else
// Four columns of as many rows as a vector has numbers, at most eight: each block of a vector is a
// tile of 4 x 4.
using Tile = hn::CappedTag<float, 8>;
constexpr std::int64_t kTileRows = HWY_MIN(hn::MaxLanes(Tile()), 8), kTileColumns = 4;

HWY_INLINE hn::Vec<Tile> load_tile_row(const float* from, std::int64_t from_stride) {
  if constexpr (kTileRows == 4) {
    return hn::LoadU(Tile(), from);
  } else {
    const hn::Half<Tile> block;
    return hn::Combine(Tile(), hn::LoadU(block, from + 4 * from_stride), hn::LoadU(block, from));
  }
}

void transpose_tile(const float* from, std::int64_t from_stride, float* to,
                    std::int64_t to_stride) {
  const Tile d;
  const auto row = [&](std::int64_t r)
                       HWY_ATTR { return load_tile_row(from + r * from_stride, from_stride); };
  const auto r0 = row(0), r1 = row(1), r2 = row(2), r3 = row(3);
  const auto low02 = hn::InterleaveLower(d, r0, r2), low13 = hn::InterleaveLower(d, r1, r3);
  const auto top02 = hn::InterleaveUpper(d, r0, r2), top13 = hn::InterleaveUpper(d, r1, r3);
  hn::StoreU(hn::InterleaveLower(d, low02, low13), d, to);
  hn::StoreU(hn::InterleaveUpper(d, low02, low13), d, to + to_stride);
  hn::StoreU(hn::InterleaveLower(d, top02, top13), d, to + 2 * to_stride);
  hn::StoreU(hn::InterleaveUpper(d, top02, top13), d, to + 3 * to_stride);
}
#endif

void Transpose(const float* from, std::int64_t rows, std::int64_t columns, std::int64_t from_stride,
               float* to, std::int64_t to_stride) {
  const std::int64_t whole_rows = rows / kTileRows * kTileRows;
  const std::int64_t whole_columns = columns / kTileColumns * kTileColumns;
  for (std::int64_t c = 0; c < whole_columns; c += kTileColumns) {
    for (std::int64_t r = 0; r < whole_rows; r += kTileRows) {
      transpose_tile(from + r * from_stride + c, from_stride, to + c * to_stride + r, to_stride);
    }
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t first = r < whole_rows ? whole_columns : 0;
    for (std::int64_t c = first; c < columns; ++c)
      to[c * to_stride + r] = from[r * from_stride + c];
  }
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::simd {

HWY_EXPORT(SumScaledRows);
HWY_EXPORT(Transpose);

void sum_scaled_rows(const ScaledRows& lists, std::int64_t columns, const float* matrix,
                     std::int64_t matrix_stride, float* sums, std::int64_t sums_stride) {
  HWY_DYNAMIC_DISPATCH(SumScaledRows)(lists, columns, matrix, matrix_stride, sums, sums_stride);
}

void transpose(const float* from, std::int64_t rows, std::int64_t columns, std::int64_t from_stride,
               float* to, std::int64_t to_stride) {
  HWY_DYNAMIC_DISPATCH(Transpose)(from, rows, columns, from_stride, to, to_stride);
}

}  // namespace weft::simd
#endif  // HWY_ONCE
