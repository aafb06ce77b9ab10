// SGD with and without momentum: a step of whole tensors or of rows, and the steps that rows
// missed.
#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/train/sgd.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "ir/missed_steps.h"
#include "runtime/kernels/simd/each_weight-inl.h"
#include "runtime/kernels/train/optimizer.h"

#ifndef WEFT_KERNELS_SGD  // declared once, though all this is read once per instruction set
#define WEFT_KERNELS_SGD
namespace weft {

struct SgdMove {
  float rate, decay, momentum;
  bool nesterov, has_velocity;
};

}  // namespace weft
#endif

HWY_BEFORE_NAMESPACE();
namespace weft::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using simd::Update;
using simd::HWY_NAMESPACE::each_weight;
using simd::HWY_NAMESPACE::without_gradient;

void SgdStep(const SgdMove& p, const Update& u) {
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

void SgdGapStep(const SgdGap& p, const Update& u) {
  const auto ww = static_cast<float>(p.ww), wv = static_cast<float>(p.wv);
  const auto vw = static_cast<float>(p.vw), vv = static_cast<float>(p.vv);
  each_weight(without_gradient(u), [&](auto d, auto& w, auto, auto& velocity, auto&) HWY_ATTR {
    const auto old = w;
    w = hn::MulAdd(hn::Set(d, ww), old, hn::Mul(hn::Set(d, wv), velocity));
    velocity = hn::MulAdd(hn::Set(d, vw), old, hn::Mul(hn::Set(d, vv), velocity));
  });
}

}  // namespace weft::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft {
namespace {

HWY_EXPORT(SgdStep);
HWY_EXPORT(SgdGapStep);

// Called with a step's learning rate, what is done to weights.
class Sgd {
 public:
  explicit Sgd(const SgdMove& move) : move_(move) {}

  auto operator()(double rate, std::int32_t) const {
    SgdMove move = move_;
    move.rate = static_cast<float>(rate);
    return [move](const simd::Update& update) { HWY_DYNAMIC_DISPATCH(SgdStep)(move, update); };
  }

 private:
  SgdMove move_;
};

Sgd plain(const BindContext& bind) {
  return Sgd({0.0F, bind.number("weight_decay"), 0.0F, false, false});
}
Sgd with_momentum(const BindContext& bind) {
  return Sgd({0.0F, bind.number("weight_decay"), bind.number("momentum"),
              bind.integer("nesterov") != 0, true});
}

KernelPtr make_catch_up(const BindContext& bind, const SgdRule& rule) {
  return catch_up_kernel<SgdGap>(
      bind,
      [rule](std::int64_t step, auto rate_of, std::span<SgdGap> gaps) {
        sgd_gaps(rule, step, rate_of, gaps);
      },
      [](const SgdGap& gap, const simd::Update& row) {
        HWY_DYNAMIC_DISPATCH(SgdGapStep)(gap, row);
      });
}

}  // namespace

KernelPtr make_sgd(const BindContext& bind) { return step_kernel(bind, plain(bind)); }
KernelPtr make_row_sgd(const BindContext& bind) { return row_step_kernel(bind, plain(bind)); }
KernelPtr make_row_sgd_catch_up(const BindContext& bind) {
  return make_catch_up(bind, {float_attr(bind.node.attrs, "weight_decay")});
}

KernelPtr make_momentum_sgd(const BindContext& bind) {
  return step_kernel(bind, with_momentum(bind));
}
KernelPtr make_row_momentum_sgd(const BindContext& bind) {
  return row_step_kernel(bind, with_momentum(bind));
}
KernelPtr make_row_momentum_sgd_catch_up(const BindContext& bind) {
  return make_catch_up(
      bind, {float_attr(bind.node.attrs, "weight_decay"), float_attr(bind.node.attrs, "momentum"),
             bind.integer("nesterov") != 0});
}

}  // namespace weft
#endif  // HWY_ONCE
