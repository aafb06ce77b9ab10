// Adagrad with one sum of squares for each row: a step of whole tensors or of rows.
#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/train/adagrad.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <cmath>

#include "runtime/kernels/simd/loops-inl.h"
#include "runtime/kernels/train/optimizer.h"

#ifndef WEFT_KERNELS_ADAGRAD  // declared once, though all this is read once per instruction set
#define WEFT_KERNELS_ADAGRAD
namespace weft {

struct AdagradMove {
  float rate, epsilon, weight_decay;
};

}  // namespace weft
#endif

HWY_BEFORE_NAMESPACE();
namespace weft::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using simd::HWY_NAMESPACE::lanes;

// w[n]  g[n]  sum[1]: one row.
void AdagradRow(const AdagradMove& p, const simd::Update& u) {
  const hn::ScalableTag<float> d;
  const auto decay = hn::Set(d, p.weight_decay);
  auto squares = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + lanes() <= u.n; i += lanes()) {
    const auto g = hn::MulAdd(decay, hn::LoadU(d, u.w + i), hn::LoadU(d, u.g + i));
    squares = hn::MulAdd(g, g, squares);
  }
  float total = hn::GetLane(hn::SumOfLanes(d, squares));
  const std::int64_t whole = i;
  for (; i < u.n; ++i) {
    const float g = u.g[i] + p.weight_decay * u.w[i];
    total += g * g;
  }
  const float sum = *u.first + total / static_cast<float>(u.n);
  *u.to_first = sum;
  const float move = p.rate / (std::sqrt(sum) + p.epsilon);
  const auto moves = hn::Set(d, move);
  for (i = 0; i < whole; i += lanes()) {
    const auto w = hn::LoadU(d, u.w + i);
    const auto g = hn::MulAdd(decay, w, hn::LoadU(d, u.g + i));
    hn::StoreU(hn::NegMulAdd(moves, g, w), d, u.to_w + i);
  }
  for (; i < u.n; ++i) u.to_w[i] = u.w[i] - move * (u.g[i] + p.weight_decay * u.w[i]);
}

}  // namespace weft::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft {
namespace {

HWY_EXPORT(AdagradRow);

// Called with a step's learning rate: what is done to rows.
class Adagrad {
 public:
  explicit Adagrad(const BindContext& bind)
      : epsilon_(float_attr(bind.node.attrs, "epsilon")),
        decay_(float_attr(bind.node.attrs, "weight_decay")) {}

  auto operator()(double rate, std::int32_t = 0) const {
    const AdagradMove move{static_cast<float>(rate), static_cast<float>(epsilon_),
                           static_cast<float>(decay_)};
    return [move](const simd::Update& row) { HWY_DYNAMIC_DISPATCH(AdagradRow)(move, row); };
  }

 private:
  double epsilon_, decay_;
};

}  // namespace

// w[V, ..]  g[V, ..]  sum[V]  rate  ->  w[V, ..]  sum[V]
KernelPtr make_adagrad(const BindContext& bind) {
  return make_kernel([x = bind.x, y = bind.y, prepare = Adagrad(bind)](RunContext& run) {
    const std::int64_t rows = x[2].size(run);
    const std::int64_t width = rows == 0 ? 0 : x[0].size(run) / rows;
    const std::int64_t grain = 1 + (std::int64_t{1} << 15) / (1 + width);
    const auto step = prepare(static_cast<double>(*x[3].f32()));
    parallel_for(run.threads, rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t at = row * width;
        step({x[0].f32() + at, x[1].f32() + at, x[2].f32() + row, nullptr, y[0].f32() + at,
              y[1].f32() + row, nullptr, width});
      }
    });
  });
}

// w[V, D]  sum[V]  ids[U]  g[U, D]  rate  ->  w[V, D]  sum[V]
KernelPtr make_row_adagrad(const BindContext& bind) { return row_step_kernel(bind, Adagrad(bind)); }

}  // namespace weft
#endif  // HWY_ONCE
