// Loops over the rows of a matrix: first maxima, sums, products, additions into rows of a table.
#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/rows.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "runtime/kernels/simd/loops-inl.h"
#include "runtime/kernels/simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

// `Vectors` adjacent vectors of columns stay in registers all the way down.
template <int Vectors, bool Argmax>
void max_columns(const float* x, std::int64_t rows, std::int64_t row_stride, std::int32_t first_row,
                 float* y, std::int32_t* argmax) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  using V = hn::Vec<decltype(d)>;
  using I = hn::Vec<decltype(di)>;
  V best[Vectors];
  I at[Vectors];
  for (int i = 0; i < Vectors; ++i) {
    best[i] = hn::LoadU(d, x + i * lanes());
    at[i] = hn::Set(di, first_row);
  }
  for (std::int64_t row = 1; row < rows; ++row) {
    const I here = hn::Set(di, first_row + static_cast<std::int32_t>(row));
    for (int i = 0; i < Vectors; ++i) {
      const V v = hn::LoadU(d, x + row * row_stride + i * lanes());
      const auto more = hn::Gt(v, best[i]);
      best[i] = hn::IfThenElse(more, v, best[i]);
      if (Argmax) at[i] = hn::IfThenElse(hn::RebindMask(di, more), here, at[i]);
    }
  }
  for (int i = 0; i < Vectors; ++i) {
    hn::StoreU(best[i], d, y + i * lanes());
    if (Argmax) hn::StoreU(at[i], di, argmax + i * lanes());
  }
}

void max_narrow(const float* x, std::int64_t rows, std::int64_t row_stride, std::int64_t n,
                std::int32_t first_row, float* y, std::int32_t* argmax) {
  for (std::int64_t c = 0; c < n; ++c) {
    std::int64_t best = 0;
    for (std::int64_t row = 1; row < rows; ++row) {
      if (x[row * row_stride + c] > x[best * row_stride + c]) best = row;
    }
    y[c] = x[best * row_stride + c];
    if (argmax != nullptr) argmax[c] = first_row + static_cast<std::int32_t>(best);
  }
}

template <bool Argmax>
void max_wide(const float* x, std::int64_t rows, std::int64_t row_stride, std::int64_t n,
              std::int32_t first_row, float* y, std::int32_t* argmax) {
  const auto at = [&](std::int64_t c) { return Argmax ? argmax + c : nullptr; };
  std::int64_t c = 0;
  for (; c + 4 * lanes() <= n; c += 4 * lanes()) {
    max_columns<4, Argmax>(x + c, rows, row_stride, first_row, y + c, at(c));
  }
  for (; c < n; c += lanes()) {
    c = std::min(c, n - lanes());  // the last vector may overlap the one before
    max_columns<1, Argmax>(x + c, rows, row_stride, first_row, y + c, at(c));
  }
}

void MaxRows(const float* x, std::int64_t rows, std::int64_t row_stride, std::int64_t n,
             std::int32_t first_row, float* y, std::int32_t* argmax) {
  if (n < lanes()) return max_narrow(x, rows, row_stride, n, first_row, y, argmax);
  const auto wide = argmax != nullptr ? &max_wide<true> : &max_wide<false>;
  wide(x, rows, row_stride, n, first_row, y, argmax);
}

// y[c] += the sum of `Rows` rows, one row after another.
template <int Rows>
void add_rows(const float* x, std::int64_t row_stride, std::int64_t n, float* y) {
  const hn::ScalableTag<float> d;
  std::int64_t c = 0;
  for (; c + lanes() <= n; c += lanes()) {
    auto sum = hn::LoadU(d, y + c);
    for (int row = 0; row < Rows; ++row) {
      sum = hn::Add(sum, hn::LoadU(d, x + row * row_stride + c));
    }
    hn::StoreU(sum, d, y + c);
  }
  for (; c < n; ++c) {
    for (int row = 0; row < Rows; ++row) y[c] += x[row * row_stride + c];
  }
}

// Some rows at a time, so that memory is read in order.
void SumRows(const float* x, std::int64_t rows, std::int64_t row_stride, std::int64_t n,
             float factor, float* y) {
  constexpr int kRows = 16;
  std::fill_n(y, n, 0.0F);
  std::int64_t row = 0;
  for (; row + kRows <= rows; row += kRows) add_rows<kRows>(x + row * row_stride, row_stride, n, y);
  for (; row < rows; ++row) add_rows<1>(x + row * row_stride, row_stride, n, y);
  const hn::ScalableTag<float> d;
  std::int64_t c = 0;
  for (; c + lanes() <= n; c += lanes()) {
    hn::StoreU(hn::Mul(hn::LoadU(d, y + c), hn::Set(d, factor)), d, y + c);
  }
  for (; c < n; ++c) y[c] *= factor;
}

void ScatterAddRows(const std::int32_t* ids, std::int64_t count, const float* dy,
                    std::int64_t width, std::int64_t begin, std::int64_t end, float* table) {
  const hn::ScalableTag<float> d;
  for (std::int64_t t = 0; t < count; ++t) {
    const float* from = dy + t * width;
    float* to = table + ids[t] * width;
    std::int64_t c = begin;
    for (; c + lanes() <= end; c += lanes()) {
      hn::StoreU(hn::Add(hn::LoadU(d, to + c), hn::LoadU(d, from + c)), d, to + c);
    }
    for (; c < end; ++c) to[c] += from[c];
  }
}

// `Outputs` products of one row side by side; the row's last, incomplete vector is in `tail`.
template <int Outputs>
void dot_row(const float* x, const float* tail, std::int64_t n, const float* w,
             std::int64_t row_stride, const float* bias, float* y) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  V sum[Outputs];
  for (int o = 0; o < Outputs; ++o) sum[o] = hn::Zero(d);
  std::int64_t k = 0;
  for (; k + lanes() <= n; k += lanes()) {
    const V v = hn::LoadU(d, x + k);
    for (int o = 0; o < Outputs; ++o) {
      sum[o] = hn::MulAdd(v, hn::LoadU(d, w + o * row_stride + k), sum[o]);
    }
  }
  if (k < n) {
    const V v = hn::Load(d, tail);
    for (int o = 0; o < Outputs; ++o) {
      sum[o] = hn::MulAdd(v, hn::LoadU(d, w + o * row_stride + k), sum[o]);
    }
  }
  for (int o = 0; o < Outputs; ++o) {
    y[o] = hn::GetLane(hn::SumOfLanes(d, sum[o])) + (bias != nullptr ? bias[o] : 0.0F);
  }
}

void DotRows(const float* x, std::int64_t rows, std::int64_t n, const float* w,
             std::int64_t row_stride, std::int64_t outputs, const float* bias, float* y) {
  const std::int64_t whole = n / lanes() * lanes();
  for (std::int64_t row = 0; row < rows; ++row, x += n, y += outputs) {
    const Tail tail(x + whole, n - whole, 0.0F);
    const auto add = [&](std::int64_t o) { return bias != nullptr ? bias + o : nullptr; };
    std::int64_t o = 0;
    for (; o + 4 <= outputs; o += 4) {
      dot_row<4>(x, tail.data, n, w + o * row_stride, row_stride, add(o), y + o);
    }
    for (; o + 2 <= outputs; o += 2) {
      dot_row<2>(x, tail.data, n, w + o * row_stride, row_stride, add(o), y + o);
    }
    if (o < outputs) dot_row<1>(x, tail.data, n, w + o * row_stride, row_stride, add(o), y + o);
  }
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::simd {

HWY_EXPORT(MaxRows);
HWY_EXPORT(SumRows);
HWY_EXPORT(ScatterAddRows);
HWY_EXPORT(DotRows);

void max_rows(const float* x, std::int64_t rows, std::int64_t row_stride, std::int64_t n,
              std::int32_t first_row, float* y, std::int32_t* argmax) {
  HWY_DYNAMIC_DISPATCH(MaxRows)(x, rows, row_stride, n, first_row, y, argmax);
}

void sum_rows(const float* x, std::int64_t rows, std::int64_t row_stride, std::int64_t n,
              float factor, float* y) {
  HWY_DYNAMIC_DISPATCH(SumRows)(x, rows, row_stride, n, factor, y);
}

void scatter_add_rows(const std::int32_t* ids, std::int64_t count, const float* dy,
                      std::int64_t width, std::int64_t begin, std::int64_t end, float* table) {
  HWY_DYNAMIC_DISPATCH(ScatterAddRows)(ids, count, dy, width, begin, end, table);
}

void dot_rows(const float* x, std::int64_t rows, std::int64_t n, const float* w,
              std::int64_t row_stride, std::int64_t outputs, const float* bias, float* y) {
  HWY_DYNAMIC_DISPATCH(DotRows)(x, rows, n, w, row_stride, outputs, bias, y);
}

std::int64_t padded(std::int64_t n) {
  constexpr std::int64_t max = 64;  // floats in the longest vector of any instruction set
  return (n + max - 1) / max * max;
}

}  // namespace weft::simd
#endif  // HWY_ONCE
