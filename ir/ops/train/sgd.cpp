// Stochastic gradient descent, with and without momentum, as torch.optim has it.
#include "ir/missed_steps.h"
#include "ir/ops/ops.h"
#include "ir/ops/train/optimizer.h"

namespace weft {
namespace {

constexpr std::array<OptimizerState, 1> kVelocity{{{"velocity", "new_velocity"}}};

std::vector<AttrDef> momentum_attrs() {
  return {{.name = "momentum",
           .doc = "share of the velocity that stays: memory of earlier steps",
           .default_value = 0.0,
           .low = 0,
           .high = 0.999999},
          {.name = "nesterov",
           .doc = "whether the momentum looks one step ahead",
           .default_value = std::int64_t{0},
           .low = 0,
           .high = 1},
          gradient_decay()};
}

void eval_sgd(const EvalContext& v) {
  const std::vector<double>&w = v.x[0]->data, &g = v.x[1]->data;
  const double rate = v.x[2]->data[0], decay = number(v, "weight_decay");
  for (std::size_t i = 0; i < w.size(); ++i) {
    v.y[0].data[i] = w[i] - rate * (g[i] + decay * w[i]);
  }
}

void eval_momentum_sgd(const EvalContext& v) {
  const std::vector<double>&w = v.x[0]->data, &velocity = v.x[2]->data;
  const double rate = v.x[3]->data[0], decay = number(v, "weight_decay");
  const double momentum = number(v, "momentum");
  const bool nesterov = int_attr(v.node.attrs, "nesterov") != 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    const double g = v.x[1]->data[i] + decay * w[i];
    const double next = momentum * velocity[i] + g;
    v.y[0].data[i] = w[i] - rate * (nesterov ? g + momentum * next : next);
    v.y[1].data[i] = next;
  }
}

// apply(row, SgdGap) for the rows of the node.
template <class Apply>
void each_gap(const CatchUp& catch_up, const SgdRule& rule, Apply apply) {
  std::vector<SgdGap> gaps(catch_up.gaps());
  sgd_gaps(
      rule, catch_up.step(), [&](std::int64_t t) { return catch_up.rate_of(t); }, gaps);
  catch_up.each_row([&](std::int64_t row, std::int64_t missed) {
    apply(row, gaps[static_cast<std::size_t>(missed)]);
  });
}

void eval_sgd_catch_up(const EvalContext& v) {
  const CatchUp catch_up(v);
  each_gap(catch_up, {number(v, "weight_decay")}, [&](std::int64_t row, const SgdGap& gap) {
    catch_up.each_column(row, [&](double& w) { w *= gap.ww; });
  });
}

void eval_momentum_sgd_catch_up(const EvalContext& v) {
  const CatchUp catch_up(v);
  const SgdRule rule{number(v, "weight_decay"), number(v, "momentum"),
                     int_attr(v.node.attrs, "nesterov") != 0};
  each_gap(catch_up, rule, [&](std::int64_t row, const SgdGap& gap) {
    catch_up.each_column(row, [&](double& w, double& velocity) {
      const double old = w;
      w = gap.ww * old + gap.wv * velocity;
      velocity = gap.vw * old + gap.vv * velocity;
    });
  });
}

}  // namespace

namespace ops {

const OpDef sgd{
    .name = "sgd",
    .doc = "w - rate * g",
    .inputs = step_inputs({}, false),
    .outputs = step_outputs({}),
    .attrs = {gradient_decay()},
    .infer = infer_optimizer,
    .reference = eval_sgd,
    .in_place = {1},
    .flops = flops_of_step<4>,
    .row_form = &row_sgd,
    .catch_up_form = &row_sgd_catch_up,
    .missed_steps =
        [](const Attrs& attrs) {
          return MissedSteps{.change_nothing = float_attr(attrs, "weight_decay") == 0.0};
        },
};

const OpDef row_sgd{
    .name = "row_sgd",
    .doc = "sgd of the rows `ids` of w, whose gradients are the rows of g",
    .inputs = row_step_inputs({}, false),
    .outputs = row_step_outputs({}),
    .attrs = {gradient_decay()},
    .infer = infer_optimizer,
    .reference = eval_row_step<sgd>,
    .in_place = {1},
    .flops = flops_of_step<4>,
};

const OpDef row_sgd_catch_up{
    .name = "row_sgd_catch_up",
    .doc = "rows after the steps of sgd in which they had no gradient",
    .inputs = catch_up_inputs({}, true),
    .outputs = catch_up_outputs({}),
    .attrs = {gradient_decay()},
    .infer = infer_optimizer,
    .reference = eval_sgd_catch_up,
    .in_place = {1, 2},
};

// Nesterov's form as in Sutskever et al., "On the importance of initialization and momentum in deep
// learning", ICML 2013.
const OpDef momentum_sgd{
    .name = "momentum_sgd",
    .doc = "w - rate * velocity, where the velocity is momentum * velocity + g",
    .inputs = step_inputs(kVelocity, false),
    .outputs = step_outputs(kVelocity),
    .attrs = momentum_attrs(),
    .infer = infer_optimizer,
    .reference = eval_momentum_sgd,
    .in_place = {1, 3},
    .flops = flops_of_step<6>,
    .optimizer = "sgd",
    .learning_rate = 0.1,
    .simpler = [](const Attrs& attrs) -> const OpDef* {
      return float_attr(attrs, "momentum") == 0.0 ? &sgd : nullptr;
    },
    .row_form = &row_momentum_sgd,
    .catch_up_form = &row_momentum_sgd_catch_up,
};

const OpDef row_momentum_sgd{
    .name = "row_momentum_sgd",
    .doc = "momentum_sgd of the rows `ids` of w, whose gradients are the rows of g",
    .inputs = row_step_inputs(kVelocity, false),
    .outputs = row_step_outputs(kVelocity),
    .attrs = momentum_attrs(),
    .infer = infer_optimizer,
    .reference = eval_row_step<momentum_sgd>,
    .in_place = {1, 2},
    .flops = flops_of_step<6>,
};

const OpDef row_momentum_sgd_catch_up{
    .name = "row_momentum_sgd_catch_up",
    .doc = "rows after the steps of momentum_sgd in which they had no gradient",
    .inputs = catch_up_inputs(kVelocity, true),
    .outputs = catch_up_outputs(kVelocity),
    .attrs = momentum_attrs(),
    .infer = infer_optimizer,
    .reference = eval_momentum_sgd_catch_up,
    .in_place = {1, 2, 3},
};

}  // namespace ops
}  // namespace weft
