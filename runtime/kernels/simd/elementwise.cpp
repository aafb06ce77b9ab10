// Elementwise maps: arithmetic, dropout, softmax of rows.
#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/elementwise.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include "runtime/kernels/simd/dropout-inl.h"
#include "runtime/kernels/simd/loops-inl.h"
#include "runtime/kernels/simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

void Scale(float factor, const float* x, float* y, std::int64_t n) {
  for_each(x, y, n, [=](auto d, auto v) HWY_ATTR { return hn::Mul(v, hn::Set(d, factor)); });
}

void MapBinary(Binary f, const float* a, const float* b, float* y, std::int64_t n) {
  switch (f) {
    case Binary::add:
      return for_each(a, b, y, n, [](auto, auto u, auto v) HWY_ATTR { return hn::Add(u, v); });
    case Binary::sub:
      return for_each(a, b, y, n, [](auto, auto u, auto v) HWY_ATTR { return hn::Sub(u, v); });
    case Binary::mul:
      return for_each(a, b, y, n, [](auto, auto u, auto v) HWY_ATTR { return hn::Mul(u, v); });
  }
}

void Dropout(RandomKey key, std::uint32_t threshold, float scale, const float* x, float* y,
             std::int64_t n, std::uint32_t first) {
  for_each(x, y, n, [&](auto d, auto v) HWY_ATTR {
    const auto dropped = dropped_lanes(d, key, first, threshold);
    first += static_cast<std::uint32_t>(hn::Lanes(d));
    return hn::IfThenZeroElse(dropped, hn::Mul(v, hn::Set(d, scale)));
  });
}

// max and sum over a row, then exp(x - norm) by the sum kept in vectors: one order for every row.
float RowNorm(const float* x, std::int64_t n) {
  const hn::ScalableTag<float> d;
  auto max = hn::Set(d, x[0]);
  visit_each(x, n, x[0], [&](auto v) HWY_ATTR { max = hn::Max(max, v); });
  const float top = hn::GetLane(hn::MaxOfLanes(d, max));
  auto sum = hn::Zero(d);
  const auto shift = hn::Set(d, top);
  visit_each(x, n, -3.0e38F,
             [&](auto v) HWY_ATTR { sum = hn::Add(sum, hn::Exp(d, hn::Sub(v, shift))); });
  return top + std::log(hn::GetLane(hn::SumOfLanes(d, sum)));
}

// Rows that a vector holds: a classifier's few labels.
void softmax_of_few(const float* x, float* y, float* norms, std::int64_t rows, std::int64_t n,
                    bool log) {
  const hn::ScalableTag<float> d;
  for (std::int64_t row = 0; row < rows; ++row, x += n, y += n) {
    Tail few(x, n, -3.0e38F);
    const auto v = hn::Load(d, few.data);
    const auto shifted = hn::Sub(v, hn::MaxOfLanes(d, v));
    const auto power = hn::Exp(d, shifted);
    const auto sum = hn::SumOfLanes(d, power);
    auto result = hn::Div(power, sum);
    if (norms != nullptr || log) {
      const float log_sum = std::log(hn::GetLane(sum));
      if (norms != nullptr) norms[row] = hn::GetLane(hn::MaxOfLanes(d, v)) + log_sum;
      if (log) result = hn::Sub(shifted, hn::Set(d, log_sum));
    }
    hn::Store(result, d, few.data);
    std::copy_n(few.data, n, y);
  }
}

void Softmax(const float* x, float* y, float* norms, std::int64_t rows, std::int64_t n, bool log) {
  const hn::ScalableTag<float> d;
  if (n > 0 && n <= lanes()) return softmax_of_few(x, y, norms, rows, n, log);
  for (std::int64_t row = 0; row < rows && n > 0; ++row, x += n, y += n) {
    const float norm = RowNorm(x, n);
    if (norms != nullptr) norms[row] = norm;
    const auto shift = hn::Set(d, norm);
    if (log) {
      for_each(x, y, n, [&](auto, auto v) HWY_ATTR { return hn::Sub(v, shift); });
    } else {
      for_each(x, y, n, [&](auto, auto v) HWY_ATTR { return hn::Exp(d, hn::Sub(v, shift)); });
    }
  }
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::simd {

HWY_EXPORT(Scale);
HWY_EXPORT(MapBinary);
HWY_EXPORT(Dropout);
HWY_EXPORT(Softmax);

const char* target_name() {
  const std::int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;  // and compiled
  return hwy::TargetName(usable & -usable);
}

void scale(float factor, const float* x, float* y, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(Scale)(factor, x, y, n);
}

void map(Binary f, const float* a, const float* b, float* y, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(MapBinary)(f, a, b, y, n);
}

void dropout(RandomKey key, std::uint32_t threshold, float scale, const float* x, float* y,
             std::int64_t n, std::uint32_t first) {
  HWY_DYNAMIC_DISPATCH(Dropout)(key, threshold, scale, x, y, n, first);
}

void softmax(const float* x, float* y, float* norms, std::int64_t rows, std::int64_t n, bool log) {
  HWY_DYNAMIC_DISPATCH(Softmax)(x, y, norms, rows, n, log);
}

}  // namespace weft::simd
#endif  // HWY_ONCE
