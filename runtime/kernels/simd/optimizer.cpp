// Optimizer steps: a few streams of floats in, new weights and states out.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/optimizer.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "runtime/kernels/simd/loops-inl.h"
#include "runtime/kernels/simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

// One vector each of weights, gradients and states.
template <class D>
struct Vectors {
  hn::Vec<D> w, g, first, second;

  Vectors(D d, const Update& u, std::int64_t i)
      : w(hn::LoadU(d, u.w + i)),
        g(hn::LoadU(d, u.g + i)),
        first(u.first != nullptr ? hn::LoadU(d, u.first + i) : hn::Zero(d)),
        second(u.second != nullptr ? hn::LoadU(d, u.second + i) : hn::Zero(d)) {}
  void store(D d, const Update& u, std::int64_t i) const {
    hn::StoreU(w, d, u.to_w + i);
    if (u.first != nullptr) hn::StoreU(first, d, u.to_first + i);
    if (u.second != nullptr) hn::StoreU(second, d, u.to_second + i);
  }
};

// Fewer weights than a vector has, in copies.
template <class Step>
void each_weight_of_few(const Update& u, Step step) {
  const hn::ScalableTag<float> d;
  const auto copy = [&](const float* from) {
    return Tail(from != nullptr ? from : u.w, u.n, 0.0F);
  };
  Tail w = copy(u.w), g = copy(u.g), first = copy(u.first), second = copy(u.second);
  const Update few{w.data,
                   g.data,
                   u.first != nullptr ? first.data : nullptr,
                   u.second != nullptr ? second.data : nullptr,
                   w.data,
                   first.data,
                   second.data,
                   lanes()};
  Vectors<decltype(d)> x(d, few, 0);
  step(d, x.w, x.g, x.first, x.second);
  x.store(d, few, 0);
  std::copy_n(w.data, u.n, u.to_w);
  if (u.first != nullptr) std::copy_n(first.data, u.n, u.to_first);
  if (u.second != nullptr) std::copy_n(second.data, u.n, u.to_second);
}

// `step` is given the vectors, changes them in place. Where the last one overlaps the one before,
// it has been read before that was written.
template <class Step>
void each_weight(const Update& u, Step step) {
  const hn::ScalableTag<float> d;
  using All = Vectors<hn::ScalableTag<float>>;
  if (u.n < lanes()) return each_weight_of_few(u, step);
  All last(d, u, u.n - lanes());
  std::int64_t i = 0;
  for (; i + lanes() <= u.n; i += lanes()) {
    All x(d, u, i);
    step(d, x.w, x.g, x.first, x.second);
    x.store(d, u, i);
  }
  if (i == u.n) return;
  step(d, last.w, last.g, last.first, last.second);
  last.store(d, u, u.n - lanes());
}

void AdamStep(const Adam& p, const Update& u) {
  each_weight(u, [&](auto d, auto& w, auto g, auto& m, auto& v) HWY_ATTR {
    const auto beta1 = hn::Set(d, p.beta1), beta2 = hn::Set(d, p.beta2);
    g = hn::MulAdd(hn::Set(d, p.gradient_decay), w, g);
    m = hn::MulAdd(beta1, m, hn::Mul(hn::Set(d, 1.0F - p.beta1), g));
    v = hn::MulAdd(beta2, v, hn::Mul(hn::Mul(hn::Set(d, 1.0F - p.beta2), g), g));
    const auto root = hn::MulAdd(hn::Sqrt(v), hn::Set(d, p.root_correction), hn::Set(d, p.epsilon));
    w = hn::Mul(w, hn::Set(d, p.weight_factor));
    w = hn::NegMulAdd(hn::Set(d, p.step_size), hn::Div(m, root), w);
  });
}

void SgdStep(const Sgd& p, const Update& u) {
  each_weight(u, [&](auto d, auto& w, auto g, auto& velocity, auto&) HWY_ATTR {
    g = hn::MulAdd(hn::Set(d, p.decay), w, g);
    const auto momentum = hn::Set(d, p.momentum);
    if (p.has_velocity) {
      velocity = hn::MulAdd(momentum, velocity, g);
      g = p.nesterov ? hn::MulAdd(momentum, velocity, g) : velocity;
    }
    w = hn::NegMulAdd(hn::Set(d, p.rate), g, w);
  });
}

void AdadeltaStep(const Adadelta& p, const Update& u) {
  each_weight(u, [&](auto d, auto& w, auto g, auto& squares, auto& updates) HWY_ATTR {
    const auto rho = hn::Set(d, p.rho), rest = hn::Set(d, 1.0F - p.rho);
    const auto epsilon = hn::Set(d, p.epsilon);
    g = hn::MulAdd(hn::Set(d, p.decay), w, g);
    squares = hn::MulAdd(rho, squares, hn::Mul(hn::Mul(rest, g), g));
    const auto ratio = hn::Div(hn::Add(updates, epsilon), hn::Add(squares, epsilon));
    const auto update = hn::Mul(g, hn::Sqrt(ratio));
    updates = hn::MulAdd(rho, updates, hn::Mul(hn::Mul(rest, update), update));
    w = hn::NegMulAdd(hn::Set(d, p.rate), update, w);
  });
}

Update without_gradient(Update u) {
  u.g = u.w;
  return u;
}

void AdamGapStep(const AdamGap& p, const Update& u) {
  const auto weight = static_cast<float>(p.weight), shift = static_cast<float>(p.shift);
  const auto epsilon = static_cast<float>(p.epsilon), spread = static_cast<float>(p.spread);
  const auto mean = static_cast<float>(p.mean), square = static_cast<float>(p.square);
  each_weight(without_gradient(u), [&](auto d, auto& w, auto, auto& m, auto& v) HWY_ATTR {
    const auto one = hn::Set(d, 1.0F), e = hn::Set(d, epsilon);
    const auto r = hn::Div(one, hn::Add(hn::Sqrt(v), e));
    const auto share = hn::Mul(e, r);
    const auto curve = hn::MulAdd(hn::Mul(hn::Set(d, spread), share), share, one);
    const auto move = hn::Mul(hn::Mul(hn::Set(d, shift), m), hn::Mul(r, curve));
    w = hn::MulSub(hn::Set(d, weight), w, move);
    m = hn::Mul(hn::Set(d, mean), m);
    v = hn::Mul(hn::Set(d, square), v);
  });
}

void SgdGapStep(const SgdGap& p, const Update& u) {
  const auto ww = static_cast<float>(p.ww), wv = static_cast<float>(p.wv);
  const auto vw = static_cast<float>(p.vw), vv = static_cast<float>(p.vv);
  each_weight(without_gradient(u), [&](auto d, auto& w, auto, auto& velocity, auto&) HWY_ATTR {
    const auto old = w;
    w = hn::MulAdd(hn::Set(d, ww), old, hn::Mul(hn::Set(d, wv), velocity));
    velocity = hn::MulAdd(hn::Set(d, vw), old, hn::Mul(hn::Set(d, vv), velocity));
  });
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::simd {

HWY_EXPORT(AdamStep);
HWY_EXPORT(SgdStep);
HWY_EXPORT(AdadeltaStep);
HWY_EXPORT(AdamGapStep);
HWY_EXPORT(SgdGapStep);

void adam(const Adam& parameters, const Update& update) {
  HWY_DYNAMIC_DISPATCH(AdamStep)(parameters, update);
}
void sgd(const Sgd& parameters, const Update& update) {
  HWY_DYNAMIC_DISPATCH(SgdStep)(parameters, update);
}
void adadelta(const Adadelta& parameters, const Update& update) {
  HWY_DYNAMIC_DISPATCH(AdadeltaStep)(parameters, update);
}
void adam_gap(const AdamGap& gap, const Update& update) {
  HWY_DYNAMIC_DISPATCH(AdamGapStep)(gap, update);
}
void sgd_gap(const SgdGap& gap, const Update& update) {
  HWY_DYNAMIC_DISPATCH(SgdGapStep)(gap, update);
}

}  // namespace weft::simd
#endif  // HWY_ONCE
