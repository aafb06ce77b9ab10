// Elementwise maps: activations, their gradients, arithmetic, dropout, softmax of rows.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/elementwise.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include "ir/diagnostic.h"
#include "runtime/kernels/simd/loops-inl.h"
#include "runtime/kernels/simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

// 1 / (1 + e^-x), from e^-|x| so that nothing overflows.
template <class D, class V>
V sigmoid(D d, V x) {
  const V e = hn::Exp(d, hn::Neg(hn::Abs(x)));
  const V numerator = hn::IfThenElse(hn::Ge(x, hn::Zero(d)), hn::Set(d, 1.0F), e);
  return hn::Div(numerator, hn::Add(hn::Set(d, 1.0F), e));
}

// erfc(x) for x >= 0 is t e^(-x^2) P(t), t = 1 / (1 + p x): formula 7.1.26 of Abramowitz and
// Stegun, off by 1.5e-7 at most. Here the normal distribution's upper tail: half of erfc(|x| / sqrt
// 2).
template <class D, class V>
V upper_tail(D d, V magnitude, V density_exponential) {
  const V t = hn::Div(hn::Set(d, 1.0F), hn::MulAdd(hn::Set(d, 0.3275911F * 0.70710678F), magnitude,
                                                   hn::Set(d, 1.0F)));
  V p = hn::Set(d, 1.061405429F);
  p = hn::MulAdd(p, t, hn::Set(d, -1.453152027F));
  p = hn::MulAdd(p, t, hn::Set(d, 1.421413741F));
  p = hn::MulAdd(p, t, hn::Set(d, -0.284496736F));
  p = hn::MulAdd(p, t, hn::Set(d, 0.254829592F));
  return hn::Mul(hn::Mul(hn::Set(d, 0.5F), hn::Mul(p, t)), density_exponential);
}

// The normal distribution's Phi(x); `exponential` is e^(-x^2/2).
template <class D, class V>
V normal_cdf(D d, V x, V exponential) {
  const V tail = upper_tail(d, hn::Abs(x), exponential);
  return hn::IfThenElse(hn::Ge(x, hn::Zero(d)), hn::Sub(hn::Set(d, 1.0F), tail), tail);
}

template <class D, class V>
V half_square_exponential(D d, V x) {
  return hn::Exp(d, hn::Mul(hn::Set(d, -0.5F), hn::Mul(x, x)));
}

constexpr float kRootTwoOverPi = 0.79788456F;
constexpr float kCubic = 0.044715F;

template <class D, class V>
V gelu_inner(D d, V x) {
  const V cubic = hn::MulAdd(hn::Mul(hn::Set(d, kCubic), hn::Mul(x, x)), x, x);
  return hn::Tanh(d, hn::Mul(hn::Set(d, kRootTwoOverPi), cubic));
}

struct ReluMap {
  // Written so that NaN stays NaN.
  template <class D, class V>
  V operator()(D d, V x) const {
    return hn::IfThenZeroElse(hn::Le(x, hn::Zero(d)), x);
  }
};
struct TanhMap {
  template <class D, class V>
  V operator()(D d, V x) const {
    return hn::Tanh(d, x);
  }
};
struct SigmoidMap {
  template <class D, class V>
  V operator()(D d, V x) const {
    return sigmoid(d, x);
  }
};
struct GeluMap {
  template <class D, class V>
  V operator()(D d, V x) const {
    return hn::Mul(x, normal_cdf(d, x, half_square_exponential(d, x)));
  }
};
struct GeluTanhMap {
  template <class D, class V>
  V operator()(D d, V x) const {
    const V half = hn::Mul(hn::Set(d, 0.5F), x);
    return hn::MulAdd(half, gelu_inner(d, x), half);
  }
};
struct EluMap {
  float alpha;
  template <class D, class V>
  V operator()(D d, V x) const {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x,
                          hn::Mul(hn::Set(d, alpha), hn::Expm1(d, hn::Min(x, hn::Zero(d)))));
  }
};
struct ScaleMap {
  float factor;
  template <class D, class V>
  V operator()(D d, V x) const {
    return hn::Mul(x, hn::Set(d, factor));
  }
};

void MapUnary(Unary f, const float* x, float* y, std::int64_t n, float parameter) {
  switch (f) {
    case Unary::relu:
      return for_each(x, y, n, ReluMap{});
    case Unary::tanh:
      return for_each(x, y, n, TanhMap{});
    case Unary::sigmoid:
      return for_each(x, y, n, SigmoidMap{});
    case Unary::gelu:
      return for_each(x, y, n, GeluMap{});
    case Unary::gelu_tanh:
      return for_each(x, y, n, GeluTanhMap{});
    case Unary::elu:
      return for_each(x, y, n, EluMap{parameter});
    case Unary::scale:
      return for_each(x, y, n, ScaleMap{parameter});
  }
}

struct AddMap {
  template <class D, class V>
  V operator()(D, V a, V b) const {
    return hn::Add(a, b);
  }
};
struct SubMap {
  template <class D, class V>
  V operator()(D, V a, V b) const {
    return hn::Sub(a, b);
  }
};
struct MulMap {
  template <class D, class V>
  V operator()(D, V a, V b) const {
    return hn::Mul(a, b);
  }
};
struct ReluGradMap {
  template <class D, class V>
  V operator()(D d, V y, V dy) const {
    return hn::IfThenElseZero(hn::Gt(y, hn::Zero(d)), dy);
  }
};
struct TanhGradMap {
  template <class D, class V>
  V operator()(D d, V y, V dy) const {
    return hn::Mul(dy, hn::NegMulAdd(y, y, hn::Set(d, 1.0F)));
  }
};
struct SigmoidGradMap {
  template <class D, class V>
  V operator()(D, V y, V dy) const {
    return hn::Mul(dy, hn::NegMulAdd(y, y, y));
  }
};
struct EluGradMap {
  float alpha;
  template <class D, class V>
  V operator()(D d, V y, V dy) const {
    return hn::IfThenElse(hn::Gt(y, hn::Zero(d)), dy, hn::Mul(dy, hn::Add(y, hn::Set(d, alpha))));
  }
};
struct GeluGradMap {
  template <class D, class V>
  V operator()(D d, V x, V dy) const {
    const V exponential = half_square_exponential(d, x);
    const V density = hn::Mul(hn::Set(d, 0.39894228F), exponential);
    return hn::Mul(dy, hn::MulAdd(x, density, normal_cdf(d, x, exponential)));
  }
};
struct GeluTanhGradMap {
  template <class D, class V>
  V operator()(D d, V x, V dy) const {
    const V half = hn::Set(d, 0.5F), t = gelu_inner(d, x);
    const V slope = hn::Mul(hn::Set(d, kRootTwoOverPi),
                            hn::MulAdd(hn::Set(d, 3.0F * kCubic), hn::Mul(x, x), hn::Set(d, 1.0F)));
    const V steep =
        hn::Mul(hn::Mul(half, x), hn::Mul(hn::NegMulAdd(t, t, hn::Set(d, 1.0F)), slope));
    return hn::Mul(dy, hn::Add(hn::MulAdd(half, t, half), steep));
  }
};

void MapBinary(Binary f, const float* a, const float* b, float* y, std::int64_t n,
               float parameter) {
  switch (f) {
    case Binary::add:
      return for_each(a, b, y, n, AddMap{});
    case Binary::sub:
      return for_each(a, b, y, n, SubMap{});
    case Binary::mul:
      return for_each(a, b, y, n, MulMap{});
    case Binary::relu_grad:
      return for_each(a, b, y, n, ReluGradMap{});
    case Binary::tanh_grad:
      return for_each(a, b, y, n, TanhGradMap{});
    case Binary::sigmoid_grad:
      return for_each(a, b, y, n, SigmoidGradMap{});
    case Binary::elu_grad:
      return for_each(a, b, y, n, EluGradMap{parameter});
    case Binary::gelu_grad:
      return for_each(a, b, y, n, GeluGradMap{});
    case Binary::gelu_tanh_grad:
      return for_each(a, b, y, n, GeluTanhGradMap{});
  }
}

// The hash of ir/random.h, a vector of elements at a time.
template <class D, class V>
V random_lanes(D d, RandomKey key, V index) {
  V x = hn::Xor(index, hn::Set(d, key.first));
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<16>(x)), hn::Set(d, 0x7FEB352DU));
  x = hn::Add(hn::Xor(x, hn::ShiftRight<15>(x)), hn::Set(d, key.second));
  x = hn::Mul(x, hn::Set(d, 0x846CA68BU));
  return hn::Xor(x, hn::ShiftRight<16>(x));
}

void Dropout(RandomKey key, std::uint32_t threshold, float scale, const float* x, float* y,
             std::int64_t n, std::uint32_t first) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  auto index = hn::Iota(du, first);
  const auto step = hn::Set(du, static_cast<std::uint32_t>(hn::Lanes(d)));
  // Unsigned comparison by a signed one: both sides moved by 2^31.
  const hn::RebindToSigned<decltype(d)> ds;
  const auto flip = hn::Set(du, 0x80000000U);
  const auto limit = hn::BitCast(ds, hn::Set(du, threshold ^ 0x80000000U));
  for_each(x, y, n, [&](auto, auto v) HWY_ATTR {
    const auto bits = hn::BitCast(ds, hn::Xor(random_lanes(du, key, index), flip));
    index = hn::Add(index, step);
    const auto dropped = hn::RebindMask(d, hn::Lt(bits, limit));
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

HWY_EXPORT(MapUnary);
HWY_EXPORT(MapBinary);
HWY_EXPORT(Dropout);
HWY_EXPORT(Softmax);

const char* target_name() {
  return hwy::TargetName(hwy::SupportedTargets() & -hwy::SupportedTargets());
}

std::optional<Unary> find_unary(std::string_view act) {
  if (act == "relu") return Unary::relu;
  if (act == "tanh") return Unary::tanh;
  if (act == "sigmoid") return Unary::sigmoid;
  if (act == "gelu") return Unary::gelu;
  if (act == "gelu_tanh") return Unary::gelu_tanh;
  if (act == "elu") return Unary::elu;
  WEFT_CHECK(act.empty());
  return std::nullopt;
}

void map(Unary f, const float* x, float* y, std::int64_t n, float parameter) {
  HWY_DYNAMIC_DISPATCH(MapUnary)(f, x, y, n, parameter);
}

void map(Binary f, const float* a, const float* b, float* y, std::int64_t n, float parameter) {
  HWY_DYNAMIC_DISPATCH(MapBinary)(f, a, b, y, n, parameter);
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
