// Optimizer steps over whole tensors, cut among the threads.
#include "runtime/kernels/train/optimizer.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "runtime/kernels/kernels.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

constexpr std::int64_t kGrain = 1 << 15;

// Operands of an optimizer: w, g, its states, the rate, perhaps the step.
struct Operands {
  std::vector<Operand> x, y;
  std::size_t states = 0;

  Operands(const BindContext& bind, std::size_t state_count)
      : x(bind.x), y(bind.y), states(state_count) {}

  double rate() const { return static_cast<double>(*x[2 + states].f32()); }

  // step(Update) for the weights of each thread.
  template <typename Step>
  void update(const RunContext& run, Step step) const {
    parallel_for(
        run.threads, x[0].size(run), kGrain, [&](std::int64_t begin, std::int64_t end, int) {
          const auto in = [&](std::size_t i, bool present) -> const float* {
            return present ? x[i].f32() + begin : nullptr;
          };
          const auto out = [&](std::size_t i, bool present) -> float* {
            return present ? y[i].f32() + begin : nullptr;
          };
          step(simd::Update{in(0, true), in(1, true), in(2, states > 0), in(3, states > 1),
                            out(0, true), out(1, states > 0), out(2, states > 1), end - begin});
        });
  }
};

KernelPtr make_adam(const BindContext& bind, bool decoupled) {
  return make_kernel(
      [o = Operands(bind, 2), settings = AdamSettings(bind, decoupled)](RunContext& run) {
        const simd::Adam adam = settings.at(o.rate(), *o.x[5].i32());
        o.update(run, [&](const simd::Update& update) { simd::adam(adam, update); });
      });
}

}  // namespace

AdamSettings::AdamSettings(const BindContext& bind, bool decouple)
    : beta1(float_attr(bind.node.attrs, "beta1")),
      beta2(float_attr(bind.node.attrs, "beta2")),
      epsilon(float_attr(bind.node.attrs, "epsilon")),
      decay(float_attr(bind.node.attrs, "weight_decay")),
      decoupled(decouple) {}

simd::Adam AdamSettings::at(double rate, std::int32_t step) const {
  if (step < 1) throw Error(fmt::format("adam: step is {}, but counts from 1", step));
  return {.step_size = static_cast<float>(rate / (1.0 - std::pow(beta1, step))),
          .root_correction = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(beta2, step))),
          .beta1 = static_cast<float>(beta1),
          .beta2 = static_cast<float>(beta2),
          .epsilon = static_cast<float>(epsilon),
          .gradient_decay = decoupled ? 0.0F : static_cast<float>(decay),
          .weight_factor = decoupled ? static_cast<float>(1.0 - rate * decay) : 1.0F};
}

KernelPtr make_adam(const BindContext& bind) { return make_adam(bind, false); }
KernelPtr make_adamw(const BindContext& bind) { return make_adam(bind, true); }

KernelPtr make_sgd(const BindContext& bind) {
  return make_kernel([o = Operands(bind, 0), decay = bind.number("weight_decay")](RunContext& run) {
    const simd::Sgd sgd{static_cast<float>(o.rate()), decay, 0.0F, false, false};
    o.update(run, [&](const simd::Update& update) { simd::sgd(sgd, update); });
  });
}

KernelPtr make_momentum_sgd(const BindContext& bind) {
  return make_kernel([o = Operands(bind, 1), decay = bind.number("weight_decay"),
                      momentum = bind.number("momentum"),
                      nesterov = bind.integer("nesterov") != 0](RunContext& run) {
    const simd::Sgd sgd{static_cast<float>(o.rate()), decay, momentum, nesterov, true};
    o.update(run, [&](const simd::Update& update) { simd::sgd(sgd, update); });
  });
}

KernelPtr make_adadelta(const BindContext& bind) {
  return make_kernel([o = Operands(bind, 2), rho = bind.number("rho"),
                      epsilon = bind.number("epsilon"),
                      decay = bind.number("weight_decay")](RunContext& run) {
    const simd::Adadelta adadelta{static_cast<float>(o.rate()), rho, epsilon, decay};
    o.update(run, [&](const simd::Update& update) { simd::adadelta(adadelta, update); });
  });
}

KernelPtr make_increment(const BindContext& bind) {
  return make_kernel([x = bind.x[0], y = bind.y[0]](RunContext&) {
    if (*x.i32() == INT32_MAX) throw Error("increment: the step counter is full");
    *y.i32() = *x.i32() + 1;
  });
}

// w[.., O] with each column scaled to an L2 norm of at most `limit`
KernelPtr make_max_norm(const BindContext& bind) {
  const double limit = float_attr(bind.node.attrs, "limit");
  std::vector<double> squares(static_cast<std::size_t>(bind.y[0].columns()));
  return make_kernel([w = bind.x[0], y = bind.y[0], limit, squares](RunContext& run) mutable {
    const std::int64_t rows = w.rows(run), width = w.columns();
    std::ranges::fill(squares, 0.0);
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t c = 0; c < width; ++c) {
        const auto value = static_cast<double>(w.f32()[row * width + c]);
        squares[static_cast<std::size_t>(c)] += value * value;
      }
    }
    for (double& s : squares) s = s > limit * limit ? limit / std::sqrt(s) : 1.0;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t c = 0; c < width; ++c) {
        const auto factor = static_cast<float>(squares[static_cast<std::size_t>(c)]);
        y.f32()[row * width + c] = w.f32()[row * width + c] * factor;
      }
    }
  });
}

}  // namespace weft
