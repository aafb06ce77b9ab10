// Sums of a few scaled rows, each into its own place; transposition.
#include <algorithm>
#include <iterator>

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
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

// Of N vectors of columns: what is summed stays in registers.
template <int N>
void sum_columns(const ScaledRows& lists, const float* matrix, std::int64_t matrix_pitch,
                 float* sums, std::int64_t sums_pitch) {
  const D d;
  for (std::size_t i = 0; i + 1 < lists.starts.size(); ++i, sums += sums_pitch) {
    hn::Vec<D> sum[N];
#pragma GCC unroll 8
    for (auto& s : sum) s = hn::Zero(d);
    for (auto at = lists.starts[i]; at < lists.starts[i + 1]; ++at) {
      const ScaledRow& scaled = lists.rows[static_cast<std::size_t>(at)];
      const float* row = matrix + scaled.row * matrix_pitch;
      const auto factor = hn::Set(d, scaled.factor);
#pragma GCC unroll 8
      for (int v = 0; v < N; ++v) {
        sum[v] = hn::MulAdd(factor, hn::LoadU(d, row + v * kWidth), sum[v]);
      }
    }
#pragma GCC unroll 8
    for (int v = 0; v < N; ++v) hn::StoreU(sum[v], d, sums + v * kWidth);
  }
}

void sum_column(const ScaledRows& lists, const float* matrix, std::int64_t matrix_pitch,
                float* sums, std::int64_t sums_pitch) {
  for (std::size_t i = 0; i + 1 < lists.starts.size(); ++i, sums += sums_pitch) {
    float sum = 0.0F;
    for (auto at = lists.starts[i]; at < lists.starts[i + 1]; ++at) {
      const ScaledRow& scaled = lists.rows[static_cast<std::size_t>(at)];
      sum += scaled.factor * matrix[scaled.row * matrix_pitch];
    }
    *sums = sum;
  }
}

// By as few passes over the lists as registers allow. The last ends with the last column: it may
// give columns of the one before the same sums once more.
void SumScaledRows(const ScaledRows& lists, std::int64_t columns, const float* matrix,
                   std::int64_t matrix_pitch, float* sums, std::int64_t sums_pitch) {
  using Pass = decltype(&sum_columns<1>);
  constexpr Pass passes[] = {&sum_columns<1>, &sum_columns<2>, &sum_columns<3>, &sum_columns<4>,
                             &sum_columns<5>, &sum_columns<6>, &sum_columns<7>, &sum_columns<8>};
  constexpr std::int64_t most = std::size(passes);
  for (std::int64_t c = 0; c < columns && columns < kWidth; ++c) {
    sum_column(lists, matrix + c, matrix_pitch, sums + c, sums_pitch);
  }
  for (std::int64_t c = 0; c < columns && columns >= kWidth;) {
    std::int64_t vectors = std::min((columns - c + kWidth - 1) / kWidth, most);
    if (vectors * kWidth > columns) vectors = (columns - c) / kWidth;
    c = std::min(c, columns - vectors * kWidth);
    passes[vectors - 1](lists, matrix + c, matrix_pitch, sums + c, sums_pitch);
    c += vectors * kWidth;
  }
}

#if HWY_TARGET == HWY_SCALAR
constexpr std::int64_t kTile = 1;  // plain loops do

void transpose_tile(const float* from, std::int64_t, float* to, std::int64_t) { *to = *from; }
#else
constexpr std::int64_t kTile = 4;

void transpose_tile(const float* from, std::int64_t from_pitch, float* to, std::int64_t to_pitch) {
  const hn::FixedTag<float, 4> d;
  const auto r0 = hn::LoadU(d, from), r1 = hn::LoadU(d, from + from_pitch);
  const auto r2 = hn::LoadU(d, from + 2 * from_pitch), r3 = hn::LoadU(d, from + 3 * from_pitch);
  const auto low02 = hn::InterleaveLower(d, r0, r2), low13 = hn::InterleaveLower(d, r1, r3);
  const auto top02 = hn::InterleaveUpper(d, r0, r2), top13 = hn::InterleaveUpper(d, r1, r3);
  hn::StoreU(hn::InterleaveLower(d, low02, low13), d, to);
  hn::StoreU(hn::InterleaveUpper(d, low02, low13), d, to + to_pitch);
  hn::StoreU(hn::InterleaveLower(d, top02, top13), d, to + 2 * to_pitch);
  hn::StoreU(hn::InterleaveUpper(d, top02, top13), d, to + 3 * to_pitch);
}
#endif

void Transpose(const float* from, std::int64_t rows, std::int64_t columns, std::int64_t from_pitch,
               float* to, std::int64_t to_pitch) {
  const std::int64_t whole_rows = rows / kTile * kTile, whole_columns = columns / kTile * kTile;
  for (std::int64_t c = 0; c < whole_columns; c += kTile) {
    for (std::int64_t r = 0; r < whole_rows; r += kTile) {
      transpose_tile(from + r * from_pitch + c, from_pitch, to + c * to_pitch + r, to_pitch);
    }
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t first = r < whole_rows ? whole_columns : 0;
    for (std::int64_t c = first; c < columns; ++c) to[c * to_pitch + r] = from[r * from_pitch + c];
  }
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::simd {

HWY_EXPORT(SumScaledRows);
HWY_EXPORT(Transpose);

void sum_scaled_rows(const ScaledRows& lists, std::int64_t columns, const float* matrix,
                     std::int64_t matrix_pitch, float* sums, std::int64_t sums_pitch) {
  HWY_DYNAMIC_DISPATCH(SumScaledRows)(lists, columns, matrix, matrix_pitch, sums, sums_pitch);
}

void transpose(const float* from, std::int64_t rows, std::int64_t columns, std::int64_t from_pitch,
               float* to, std::int64_t to_pitch) {
  HWY_DYNAMIC_DISPATCH(Transpose)(from, rows, columns, from_pitch, to, to_pitch);
}

}  // namespace weft::simd
#endif  // HWY_ONCE
