// Decisions' probabilities, logarithms, products of one row with several.
#include "runtime/kernels/simd/tree_softmax.h"

#include <limits>

#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/tree_softmax.cpp"

#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include "runtime/kernels/simd/loops-inl.h"

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

// terms[2k] and terms[2k + 1]: what pair(d, scores[k], left, right) makes of a score.
template <class Pair>
void each_decision(const float* scores, float* terms, std::int64_t n, Pair pair) {
  const hn::ScalableTag<float> d;
  auto left = hn::Zero(d), right = hn::Zero(d);
  std::int64_t k = 0;
  for (; k + lanes() <= n; k += lanes()) {
    pair(d, hn::LoadU(d, scores + k), left, right);
    hn::StoreInterleaved2(left, right, d, terms + 2 * k);
  }
  if (k == n) return;
  const Tail tail(scores + k, n - k, 0.0F);
  pair(d, hn::Load(d, tail.data), left, right);
  HWY_ALIGN float last[2 * kMaxLanes];
  hn::StoreInterleaved2(left, right, d, last);
  std::copy_n(last, 2 * (n - k), terms + 2 * k);
}

void LogEach(const float* x, float* y, std::int64_t n) {
  for_each(x, y, n, [](auto d, auto v) HWY_ATTR { return hn::Log(d, v); });
}

float Smallest(const float* x, std::int64_t n) {
  constexpr float kNone = std::numeric_limits<float>::infinity();
  const hn::ScalableTag<float> d;
  auto smallest = hn::Set(d, kNone);
  visit_each(x, n, kNone, [&](auto v) HWY_ATTR { smallest = hn::Min(smallest, v); });
  return hn::GetLane(hn::MinOfLanes(d, smallest));
}

// Of x and -x the exponential is the same.
void Decisions(const float* scores, float* terms, std::int64_t n, float epsilon) {
  each_decision(scores, terms, n, [epsilon](auto d, auto x, auto& left, auto& right) HWY_ATTR {
    const auto one = hn::Set(d, 1.0F), added = hn::Set(d, epsilon);
    const auto e = hn::Exp(d, hn::Neg(hn::Abs(x)));
    const auto likely = hn::Div(one, hn::Add(one, e)), unlikely = hn::Mul(e, likely);
    const auto negative = hn::Lt(x, hn::Zero(d));
    left = hn::Add(hn::IfThenElse(negative, likely, unlikely), added);
    right = hn::Add(hn::IfThenElse(negative, unlikely, likely), added);
  });
}

void LogDecisions(const float* scores, float* terms, std::int64_t n, float epsilon) {
  if (epsilon != 0) {
    Decisions(scores, terms, n, epsilon);
    return LogEach(terms, terms, 2 * n);
  }
  each_decision(scores, terms, n, [](auto d, auto x, auto& left, auto& right) HWY_ATTR {
    const auto zero = hn::Zero(d);
    const auto tail = hn::Log1p(d, hn::Exp(d, hn::Neg(hn::Abs(x))));
    left = hn::Sub(hn::Min(hn::Neg(x), zero), tail);
    right = hn::Sub(hn::Min(x, zero), tail);
  });
}

void DotEach(const float* x, const float* rows, std::int64_t count, std::int64_t n, float* scores) {
  const hn::ScalableTag<float> d;
  const std::int64_t whole = n / lanes() * lanes();
  const Tail last(x + whole, n - whole, 0.0F);
  for (std::int64_t r = 0; r < count; ++r, rows += n) {
    auto even = hn::Zero(d), odd = hn::Zero(d);
    std::int64_t i = 0;
    for (; i + 2 * lanes() <= whole; i += 2 * lanes()) {
      even = hn::MulAdd(hn::LoadU(d, x + i), hn::LoadU(d, rows + i), even);
      odd = hn::MulAdd(hn::LoadU(d, x + i + lanes()), hn::LoadU(d, rows + i + lanes()), odd);
    }
    if (i < whole) even = hn::MulAdd(hn::LoadU(d, x + i), hn::LoadU(d, rows + i), even);
    if (whole < n) {
      const Tail row(rows + whole, n - whole, 0.0F);
      odd = hn::MulAdd(hn::Load(d, last.data), hn::Load(d, row.data), odd);
    }
    scores[r] = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  }
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::simd {

HWY_EXPORT(Decisions);
HWY_EXPORT(LogDecisions);
HWY_EXPORT(LogEach);
HWY_EXPORT(Smallest);
HWY_EXPORT(DotEach);

void decisions(const float* scores, float* terms, std::int64_t n, float epsilon) {
  HWY_DYNAMIC_DISPATCH(Decisions)(scores, terms, n, epsilon);
}

void log_decisions(const float* scores, float* terms, std::int64_t n, float epsilon) {
  HWY_DYNAMIC_DISPATCH(LogDecisions)(scores, terms, n, epsilon);
}

void log_each(const float* x, float* y, std::int64_t n) { HWY_DYNAMIC_DISPATCH(LogEach)(x, y, n); }

float smallest(const float* x, std::int64_t n) { return HWY_DYNAMIC_DISPATCH(Smallest)(x, n); }

void dot_each(const float* x, const float* rows, std::int64_t count, std::int64_t n,
              float* scores) {
  HWY_DYNAMIC_DISPATCH(DotEach)(x, rows, count, n, scores);
}

}  // namespace weft::simd
#endif  // HWY_ONCE
