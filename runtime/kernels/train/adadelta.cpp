// Adadelta: a step of whole tensors or of rows, and the steps that rows have missed.
#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/train/adadelta.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "ir/missed_steps.h"
#include "runtime/kernels/simd/each_weight-inl.h"
#include "runtime/kernels/train/optimizer.h"

#ifndef WEFT_KERNELS_ADADELTA  // declared once, though all this is read once per instruction set
#define WEFT_KERNELS_ADADELTA
namespace weft {

struct AdadeltaMove {
  float rate, rho, epsilon, decay;
};

}  // namespace weft
#endif

HWY_BEFORE_NAMESPACE();
namespace weft::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using simd::Update;
using simd::HWY_NAMESPACE::each_weight;

void AdadeltaStep(const AdadeltaMove& p, const Update& u) {
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

}  // namespace weft::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft {
namespace {

HWY_EXPORT(AdadeltaStep);

// The attributes of a node; called with a step's learning rate, what is done to weights.
class Adadelta {
 public:
  explicit Adadelta(const BindContext& bind)
      : move_{0.0F, bind.number("rho"), bind.number("epsilon"), bind.number("weight_decay")} {}

  auto operator()(double rate, std::int32_t) const {
    AdadeltaMove move = move_;
    move.rate = static_cast<float>(rate);
    return [move](const simd::Update& update) { HWY_DYNAMIC_DISPATCH(AdadeltaStep)(move, update); };
  }

 private:
  AdadeltaMove move_;
};

}  // namespace

KernelPtr make_adadelta(const BindContext& bind) { return step_kernel(bind, Adadelta(bind)); }
KernelPtr make_row_adadelta(const BindContext& bind) {
  return row_step_kernel(bind, Adadelta(bind));
}

KernelPtr make_row_adadelta_catch_up(const BindContext& bind) {
  return make_kernel([missed = MissedRows(bind),
                      rho = float_attr(bind.node.attrs, "rho")](RunContext& run) mutable {
    missed.find(run);
    missed.each(run, [&](const simd::Update& row, std::size_t gap) {
      const auto factor = static_cast<float>(adadelta_gap(rho, static_cast<std::int64_t>(gap)));
      simd::scale(factor, row.first, row.to_first, row.n);
      simd::scale(factor, row.second, row.to_second, row.n);
    });
  });
}

}  // namespace weft
#endif  // HWY_ONCE
