// Optimizer steps of the rows of a table that have a gradient, cut among the threads.
#include "runtime/kernels/train/optimizer.h"

#include <cstring>

#include <fmt/core.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/train/row_table.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

constexpr std::int64_t kAhead = 2;  // rows fetched before they are needed

// w, `states` more, ids, g, the rate, perhaps the step. `prepare(rate, step)` gives what is to be
// called for each row.
template <class Prepare>
KernelPtr row_update(const BindContext& bind, std::size_t states, Prepare prepare) {
  return make_kernel([table = RowTable(bind, 1 + states), states, prepare, ids = bind.x[1 + states],
                      g = bind.x[2 + states], rate = bind.x[3 + states],
                      counter = bind.x.size() > 4 + states ? bind.x[4 + states]
                                                           : Operand()](RunContext& run) {
    const std::int64_t count = ids.size(run);
    table.check_ids(ids.i32(), count);
    table.copy_to_outputs();
    const auto step = prepare(static_cast<double>(*rate.f32()), counter ? *counter.i32() : 0);
    parallel_for(run.threads, count, table.grain(), [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        if (i + kAhead < end) table.prefetch(ids.i32()[i + kAhead]);
        simd::Update update = table.row(ids.i32()[i]);
        update.g = g.f32() + i * table.width();
        step(update);
      }
    });
  });
}

KernelPtr make_adam(const BindContext& bind, bool decoupled) {
  return row_update(
      bind, 2, [settings = AdamSettings(bind, decoupled)](double rate, std::int32_t step) {
        return [adam = settings.at(rate, step)](const simd::Update& u) { simd::adam(adam, u); };
      });
}

}  // namespace

KernelPtr make_row_adam(const BindContext& bind) { return make_adam(bind, false); }
KernelPtr make_row_adamw(const BindContext& bind) { return make_adam(bind, true); }

KernelPtr make_row_sgd(const BindContext& bind) {
  return row_update(bind, 0, [decay = bind.number("weight_decay")](double rate, std::int32_t) {
    const simd::Sgd sgd{static_cast<float>(rate), decay, 0.0F, false, false};
    return [sgd](const simd::Update& u) { simd::sgd(sgd, u); };
  });
}

KernelPtr make_row_momentum_sgd(const BindContext& bind) {
  const simd::Sgd rule{0.0F, bind.number("weight_decay"), bind.number("momentum"),
                       bind.integer("nesterov") != 0, true};
  return row_update(bind, 1, [rule](double rate, std::int32_t) {
    simd::Sgd sgd = rule;
    sgd.rate = static_cast<float>(rate);
    return [sgd](const simd::Update& u) { simd::sgd(sgd, u); };
  });
}

KernelPtr make_row_adadelta(const BindContext& bind) {
  const simd::Adadelta rule{0.0F, bind.number("rho"), bind.number("epsilon"),
                            bind.number("weight_decay")};
  return row_update(bind, 2, [rule](double rate, std::int32_t) {
    simd::Adadelta adadelta = rule;
    adadelta.rate = static_cast<float>(rate);
    return [adadelta](const simd::Update& u) { simd::adadelta(adadelta, u); };
  });
}

// rates[N]  rate  step  ->  rates[N] with that of `step` at step % N
KernelPtr make_record_rate(const BindContext& bind) {
  return make_kernel([x = bind.x, y = bind.y[0]](RunContext& run) {
    const std::int64_t kept = y.size(run);
    const std::int32_t step = *x[2].i32();
    if (step < 0) throw Error(fmt::format("record_rate: step is {}, below 0", step));
    if (y.bytes() != x[0].bytes()) {
      std::memcpy(y.f32(), x[0].f32(), static_cast<std::size_t>(kept) * sizeof(float));
    }
    y.f32()[step % kept] = *x[1].f32();
  });
}

}  // namespace weft
