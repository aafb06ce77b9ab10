// Adam and AdamW: a step of whole tensors or of rows, and the steps that rows have missed.
#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/train/adam.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <cmath>

#include <fmt/core.h>

#include "ir/missed_steps.h"
#include "runtime/kernels/simd/each_weight-inl.h"
#include "runtime/kernels/train/optimizer.h"

#ifndef WEFT_KERNELS_ADAM  // declared once, though all this is read once per instruction set
#define WEFT_KERNELS_ADAM
namespace weft {

// One step of Adam, its corrections worked out.
struct AdamMove {
  float step_size;        // rate / (1 - beta1^t)
  float root_correction;  // 1 / sqrt(1 - beta2^t)
  float beta1, beta2, epsilon;
  float gradient_decay;  // adam: weight_decay; adamw: 0
  float weight_factor;   // adam: 1; adamw: 1 - rate * weight_decay
};

}  // namespace weft
#endif

HWY_BEFORE_NAMESPACE();
namespace weft::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using simd::Update;
using simd::HWY_NAMESPACE::each_weight;
using simd::HWY_NAMESPACE::without_gradient;

void AdamStep(const AdamMove& p, const Update& u) {
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

}  // namespace weft::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft {
namespace {

HWY_EXPORT(AdamStep);
HWY_EXPORT(AdamGapStep);

// The attributes of a node; called with a step's learning rate and number, what is done to weights.
class Adam {
 public:
  Adam(const BindContext& bind, bool decoupled)
      : beta1_(float_attr(bind.node.attrs, "beta1")),
        beta2_(float_attr(bind.node.attrs, "beta2")),
        epsilon_(float_attr(bind.node.attrs, "epsilon")),
        decay_(float_attr(bind.node.attrs, "weight_decay")),
        decoupled_(decoupled) {}

  auto operator()(double rate, std::int32_t step) const {
    return [move = move_of(rate, step)](const simd::Update& update) {
      HWY_DYNAMIC_DISPATCH(AdamStep)(move, update);
    };
  }

 private:
  AdamMove move_of(double rate, std::int32_t step) const {
    if (step < 1) throw Error(fmt::format("adam: step is {}, but counts from 1", step));
    return {.step_size = static_cast<float>(rate / (1.0 - std::pow(beta1_, step))),
            .root_correction = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(beta2_, step))),
            .beta1 = static_cast<float>(beta1_),
            .beta2 = static_cast<float>(beta2_),
            .epsilon = static_cast<float>(epsilon_),
            .gradient_decay = decoupled_ ? 0.0F : static_cast<float>(decay_),
            .weight_factor = decoupled_ ? static_cast<float>(1.0 - rate * decay_) : 1.0F};
  }

  double beta1_, beta2_, epsilon_, decay_;
  bool decoupled_;  // adamw
};

KernelPtr make_catch_up(const BindContext& bind, double weight_decay) {
  const AdamRule rule{float_attr(bind.node.attrs, "beta1"), float_attr(bind.node.attrs, "beta2"),
                      float_attr(bind.node.attrs, "epsilon"), weight_decay};
  return catch_up_kernel<AdamGap>(
      bind,
      [rule](std::int64_t step, auto rate_of, std::span<AdamGap> gaps) {
        adam_gaps(rule, step, rate_of, gaps);
      },
      [](const AdamGap& gap, const simd::Update& row) {
        HWY_DYNAMIC_DISPATCH(AdamGapStep)(gap, row);
      });
}

}  // namespace

KernelPtr make_adam(const BindContext& bind) { return step_kernel(bind, Adam(bind, false)); }
KernelPtr make_adamw(const BindContext& bind) { return step_kernel(bind, Adam(bind, true)); }

KernelPtr make_row_adam(const BindContext& bind) {
  return row_step_kernel(bind, Adam(bind, false));
}
KernelPtr make_row_adamw(const BindContext& bind) {
  return row_step_kernel(bind, Adam(bind, true));
}

KernelPtr make_row_adam_catch_up(const BindContext& bind) { return make_catch_up(bind, 0.0); }
KernelPtr make_row_adamw_catch_up(const BindContext& bind) {
  return make_catch_up(bind, float_attr(bind.node.attrs, "weight_decay"));
}

}  // namespace weft
#endif  // HWY_ONCE
