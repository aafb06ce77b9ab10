// Lion: a step of whole tensors or of rows, and the steps that rows have missed.
#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/train/lion.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "ir/missed_steps.h"
#include "runtime/kernels/simd/each_weight-inl.h"
#include "runtime/kernels/train/optimizer.h"

#ifndef WEFT_KERNELS_LION  // declared once, though all this is read once per instruction set
#define WEFT_KERNELS_LION
namespace weft {

struct LionMove {
  float rate, beta1, beta2, weight_factor;  // 1 - rate * weight_decay
};

}  // namespace weft
#endif

HWY_BEFORE_NAMESPACE();
namespace weft::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using simd::Update;
using simd::HWY_NAMESPACE::each_weight;
using simd::HWY_NAMESPACE::without_gradient;

// 0 and NaN stay what they are.
template <class D, class V>
V sign(D d, V x) {
  const V one = hn::Set(d, 1.0F), zero = hn::Zero(d);
  const V positive = hn::IfThenElse(hn::Gt(x, zero), one, x);
  return hn::IfThenElse(hn::Lt(x, zero), hn::Neg(one), positive);
}

void LionStep(const LionMove& p, const Update& u) {
  each_weight(u, [&](auto d, auto& w, auto g, auto& m, auto&) HWY_ATTR {
    const auto mean = [&](float beta) HWY_ATTR {
      return hn::MulAdd(hn::Set(d, beta), m, hn::Mul(hn::Set(d, 1.0F - beta), g));
    };
    w = hn::NegMulAdd(hn::Set(d, p.rate), sign(d, mean(p.beta1)),
                      hn::Mul(hn::Set(d, p.weight_factor), w));
    m = mean(p.beta2);
  });
}

void LionGapStep(const LionGap& p, const Update& u) {
  const auto weight = static_cast<float>(p.weight), shift = static_cast<float>(p.shift);
  const auto factor = static_cast<float>(p.mean);
  each_weight(without_gradient(u), [&](auto d, auto& w, auto, auto& m, auto&) HWY_ATTR {
    w = hn::MulSub(hn::Set(d, weight), w, hn::Mul(hn::Set(d, shift), sign(d, m)));
    m = hn::Mul(hn::Set(d, factor), m);
  });
}

}  // namespace weft::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft {
namespace {

HWY_EXPORT(LionStep);
HWY_EXPORT(LionGapStep);

// The attributes of a node; called with a step's learning rate, what is done to weights.
class Lion {
 public:
  explicit Lion(const BindContext& bind)
      : beta1_(bind.number("beta1")),
        beta2_(bind.number("beta2")),
        decay_(float_attr(bind.node.attrs, "weight_decay")) {}

  auto operator()(double rate, std::int32_t) const {
    const LionMove move{static_cast<float>(rate), beta1_, beta2_,
                        static_cast<float>(1.0 - rate * decay_)};
    return [move](const simd::Update& update) { HWY_DYNAMIC_DISPATCH(LionStep)(move, update); };
  }

 private:
  float beta1_, beta2_;
  double decay_;
};

}  // namespace

KernelPtr make_lion(const BindContext& bind) { return step_kernel(bind, Lion(bind)); }
KernelPtr make_row_lion(const BindContext& bind) { return row_step_kernel(bind, Lion(bind)); }

KernelPtr make_row_lion_catch_up(const BindContext& bind) {
  const LionRule rule{float_attr(bind.node.attrs, "beta1"), float_attr(bind.node.attrs, "beta2"),
                      float_attr(bind.node.attrs, "weight_decay")};
  return catch_up_kernel<LionGap>(
      bind,
      [rule](std::int64_t step, auto rate_of, std::span<LionGap> gaps) {
        lion_gaps(rule, step, rate_of, gaps);
      },
      [](const LionGap& gap, const simd::Update& row) {
        HWY_DYNAMIC_DISPATCH(LionGapStep)(gap, row);
      });
}

}  // namespace weft
#endif  // HWY_ONCE
