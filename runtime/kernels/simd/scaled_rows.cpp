// Sums of a few scaled rows, each into its own place; transposition.
#include <algorithm>

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
// Vectors of a row that are worked on together: what is summed stays in registers.
constexpr int kTogether = 8;

struct Sums {
  const float* matrix;
  std::int64_t width;
  float* sums;

  // Columns [column, column + N * kWidth) of all lists.
  template <int N>
  void columns(const ScaledRows& lists, std::int64_t column, std::int64_t) const {
    const D d;
    for (std::size_t i = 0; i + 1 < lists.starts.size(); ++i) {
      hn::Vec<D> sum[N];
#pragma GCC unroll 8
      for (auto& s : sum) s = hn::Zero(d);
      for (auto at = lists.starts[i]; at < lists.starts[i + 1]; ++at) {
        const ScaledRow& scaled = lists.rows[static_cast<std::size_t>(at)];
        const float* row = matrix + scaled.row * width + column;
        const auto factor = hn::Set(d, scaled.factor);
#pragma GCC unroll 8
        for (int v = 0; v < N; ++v) {
          sum[v] = hn::MulAdd(factor, hn::LoadU(d, row + v * kWidth), sum[v]);
        }
      }
      float* to = sums + static_cast<std::int64_t>(i) * width + column;
#pragma GCC unroll 8
      for (int v = 0; v < N; ++v) hn::StoreU(sum[v], d, to + v * kWidth);
    }
  }

  void column(const ScaledRows& lists, std::int64_t c) const {
    for (std::size_t i = 0; i + 1 < lists.starts.size(); ++i) {
      float sum = 0.0F;
      for (auto at = lists.starts[i]; at < lists.starts[i + 1]; ++at) {
        const ScaledRow& scaled = lists.rows[static_cast<std::size_t>(at)];
        sum += scaled.factor * matrix[scaled.row * width + c];
      }
      sums[static_cast<std::int64_t>(i) * width + c] = sum;
    }
  }
};

struct Additions {
  const float* terms;
  std::int64_t width;
  float* matrix;

  // The first `skip` columns get nothing.
  template <int N>
  void columns(const ScaledRows& lists, std::int64_t column, std::int64_t skip) const {
    const D d;
    const auto counted = hn::Not(hn::FirstN(d, static_cast<std::size_t>(skip)));
    for (std::size_t i = 0; i + 1 < lists.starts.size(); ++i) {
      const float* from = terms + static_cast<std::int64_t>(i) * width + column;
      hn::Vec<D> term[N];
#pragma GCC unroll 8
      for (int v = 0; v < N; ++v) term[v] = hn::LoadU(d, from + v * kWidth);
      term[0] = hn::IfThenElseZero(counted, term[0]);
      for (auto at = lists.starts[i]; at < lists.starts[i + 1]; ++at) {
        const ScaledRow& scaled = lists.rows[static_cast<std::size_t>(at)];
        float* row = matrix + scaled.row * width + column;
        const auto factor = hn::Set(d, scaled.factor);
#pragma GCC unroll 8
        for (int v = 0; v < N; ++v) {
          float* to = row + v * kWidth;
          hn::StoreU(hn::MulAdd(factor, term[v], hn::LoadU(d, to)), d, to);
        }
      }
    }
  }

  void column(const ScaledRows& lists, std::int64_t c) const {
    for (std::size_t i = 0; i + 1 < lists.starts.size(); ++i) {
      const float term = terms[static_cast<std::int64_t>(i) * width + c];
      for (auto at = lists.starts[i]; at < lists.starts[i + 1]; ++at) {
        const ScaledRow& scaled = lists.rows[static_cast<std::size_t>(at)];
        matrix[scaled.row * width + c] += scaled.factor * term;
      }
    }
  }
};

// Columns [begin, end) by as few passes over the lists as registers allow. What is left over is a
// vector that ends with the last column, of which the first columns have been seen already.
template <class Work>
void each_column(const Work& work, const ScaledRows& lists, std::int64_t begin, std::int64_t end) {
  std::int64_t c = begin;
  const auto whole = [&] { return (end - c) / kWidth; };
  for (; whole() >= kTogether; c += kTogether * kWidth) {
    work.template columns<kTogether>(lists, c, 0);
  }
  if (whole() >= 4) {
    work.template columns<4>(lists, c, 0);
    c += 4 * kWidth;
  }
  if (whole() >= 2) {
    work.template columns<2>(lists, c, 0);
    c += 2 * kWidth;
  }
  if (whole() >= 1) {
    work.template columns<1>(lists, c, 0);
    c += kWidth;
  }
  if (c < end && end - kWidth >= begin) {
    work.template columns<1>(lists, end - kWidth, c - (end - kWidth));
    c = end;
  }
  for (; c < end; ++c) work.column(lists, c);
}

void SumScaledRows(const ScaledRows& lists, const float* matrix, std::int64_t width,
                   std::int64_t begin, std::int64_t end, float* sums) {
  each_column(Sums{matrix, width, sums}, lists, begin, end);
}

void AddScaledRows(const ScaledRows& lists, const float* terms, std::int64_t width,
                   std::int64_t begin, std::int64_t end, float* matrix) {
  each_column(Additions{terms, width, matrix}, lists, begin, end);
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
  for (std::int64_t r = 0; r < whole_rows; r += kTile) {
    for (std::int64_t c = 0; c < whole_columns; c += kTile) {
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
HWY_EXPORT(AddScaledRows);
HWY_EXPORT(Transpose);

void sum_scaled_rows(const ScaledRows& lists, const float* matrix, std::int64_t width,
                     std::int64_t begin, std::int64_t end, float* sums) {
  HWY_DYNAMIC_DISPATCH(SumScaledRows)(lists, matrix, width, begin, end, sums);
}

void add_scaled_rows(const ScaledRows& lists, const float* terms, std::int64_t width,
                     std::int64_t begin, std::int64_t end, float* matrix) {
  HWY_DYNAMIC_DISPATCH(AddScaledRows)(lists, terms, width, begin, end, matrix);
}

void transpose(const float* from, std::int64_t rows, std::int64_t columns, std::int64_t from_pitch,
               float* to, std::int64_t to_pitch) {
  HWY_DYNAMIC_DISPATCH(Transpose)(from, rows, columns, from_pitch, to, to_pitch);
}

}  // namespace weft::simd
#endif  // HWY_ONCE
