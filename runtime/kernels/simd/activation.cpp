// Activations and their gradients: vector loops, and the kernels made of them.
#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/activation.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include <algorithm>

#include "ir/ops/nn/activation.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/loops-inl.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"

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
struct SiluMap {
  template <class D, class V>
  V operator()(D d, V x) const {
    return hn::Mul(x, sigmoid(d, x));
  }
};

void Activate(Activation act, const float* x, float* y, std::int64_t n, float alpha) {
  switch (act) {
    case Activation::none:
      if (x != y) std::copy_n(x, n, y);
      return;
    case Activation::relu:
      return for_each(x, y, n, ReluMap{});
    case Activation::tanh:
      return for_each(x, y, n, TanhMap{});
    case Activation::sigmoid:
      return for_each(x, y, n, SigmoidMap{});
    case Activation::gelu:
      return for_each(x, y, n, GeluMap{});
    case Activation::gelu_tanh:
      return for_each(x, y, n, GeluTanhMap{});
    case Activation::elu:
      return for_each(x, y, n, EluMap{alpha});
    case Activation::silu:
      return for_each(x, y, n, SiluMap{});
  }
}

// Of (y, dy) where the slope is told from the result, else of (x, dy).
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

struct SiluGradMap {
  template <class D, class V>
  V operator()(D d, V x, V dy) const {
    const V s = sigmoid(d, x);  // slope: s + x s (1 - s)
    return hn::Mul(dy, hn::MulAdd(hn::Mul(x, s), hn::Sub(hn::Set(d, 1.0F), s), s));
  }
};

void ActivationGrad(Activation act, const float* of, const float* dy, float* dx, std::int64_t n,
                    float alpha) {
  switch (act) {
    case Activation::none:
      if (dy != dx) std::copy_n(dy, n, dx);
      return;
    case Activation::relu:
      return for_each(of, dy, dx, n, ReluGradMap{});
    case Activation::tanh:
      return for_each(of, dy, dx, n, TanhGradMap{});
    case Activation::sigmoid:
      return for_each(of, dy, dx, n, SigmoidGradMap{});
    case Activation::gelu:
      return for_each(of, dy, dx, n, GeluGradMap{});
    case Activation::gelu_tanh:
      return for_each(of, dy, dx, n, GeluTanhGradMap{});
    case Activation::elu:
      return for_each(of, dy, dx, n, EluGradMap{alpha});
    case Activation::silu:
      return for_each(of, dy, dx, n, SiluGradMap{});
  }
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::simd {

HWY_EXPORT(Activate);
HWY_EXPORT(ActivationGrad);

void activate(Activation act, const float* x, float* y, std::int64_t n, float alpha) {
  HWY_DYNAMIC_DISPATCH(Activate)(act, x, y, n, alpha);
}

void activation_grad(Activation act, const float* of, const float* dy, float* dx, std::int64_t n,
                     float alpha) {
  HWY_DYNAMIC_DISPATCH(ActivationGrad)(act, of, dy, dx, n, alpha);
}

}  // namespace weft::simd

namespace weft {
namespace {

constexpr std::int64_t kGrain = 1 << 15;  // elements worth a thread of their own

KernelPtr forward(const BindContext& bind, Activation act, float alpha = 1.0F) {
  return make_kernel([x = bind.x[0], y = bind.y[0], act, alpha](RunContext& run) {
    parallel_for(run.threads, y.size(run), kGrain, [&](std::int64_t begin, std::int64_t end, int) {
      simd::activate(act, x.f32() + begin, y.f32() + begin, end - begin, alpha);
    });
  });
}

KernelPtr backward(const BindContext& bind, Activation act, float alpha = 1.0F) {
  return make_kernel([of = bind.x[0], dy = bind.x[1], dx = bind.y[0], act, alpha](RunContext& run) {
    parallel_for(run.threads, dx.size(run), kGrain, [&](std::int64_t begin, std::int64_t end, int) {
      simd::activation_grad(act, of.f32() + begin, dy.f32() + begin, dx.f32() + begin, end - begin,
                            alpha);
    });
  });
}

Activation gelu_form(const BindContext& bind) {
  return bind.string("approximate") == "tanh" ? Activation::gelu_tanh : Activation::gelu;
}

}  // namespace

KernelPtr make_relu(const BindContext& bind) { return forward(bind, Activation::relu); }
KernelPtr make_relu_grad(const BindContext& bind) { return backward(bind, Activation::relu); }

KernelPtr make_tanh(const BindContext& bind) { return forward(bind, Activation::tanh); }
KernelPtr make_tanh_grad(const BindContext& bind) { return backward(bind, Activation::tanh); }

KernelPtr make_sigmoid(const BindContext& bind) { return forward(bind, Activation::sigmoid); }
KernelPtr make_sigmoid_grad(const BindContext& bind) { return backward(bind, Activation::sigmoid); }

KernelPtr make_gelu(const BindContext& bind) { return forward(bind, gelu_form(bind)); }
KernelPtr make_gelu_grad(const BindContext& bind) { return backward(bind, gelu_form(bind)); }

KernelPtr make_elu(const BindContext& bind) {
  return forward(bind, Activation::elu, bind.number("alpha"));
}
KernelPtr make_elu_grad(const BindContext& bind) {
  return backward(bind, Activation::elu, bind.number("alpha"));
}

KernelPtr make_silu(const BindContext& bind) { return forward(bind, Activation::silu); }
KernelPtr make_silu_grad(const BindContext& bind) { return backward(bind, Activation::silu); }

}  // namespace weft
#endif  // HWY_ONCE
