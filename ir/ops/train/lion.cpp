// Lion: steps of one size, along the sign of a mean of gradients.
#include "ir/missed_steps.h"
#include "ir/ops/ops.h"
#include "ir/ops/train/optimizer.h"

namespace weft {
namespace {

constexpr std::array<OptimizerState, 1> kMean{{{"m", "new_m"}}};

std::vector<AttrDef> lion_attrs() {
  return {decay_of_mean("beta1", "share of m in the direction of the step", 0.9, 0.999999),
          decay_of_mean("beta2", "decay of m, the mean of g", 0.99, 0.999999),
          decoupled_decay(0.0)};
}

double sign(double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x; }

void eval_lion(const EvalContext& v) {
  const double rate = v.x[3]->data[0], decay = number(v, "weight_decay");
  const double beta1 = number(v, "beta1"), beta2 = number(v, "beta2");
  for (std::size_t i = 0; i < v.x[0]->data.size(); ++i) {
    const double w = v.x[0]->data[i], g = v.x[1]->data[i], m = v.x[2]->data[i];
    v.y[0].data[i] = w - rate * (sign(beta1 * m + (1.0 - beta1) * g) + decay * w);
    v.y[1].data[i] = beta2 * m + (1.0 - beta2) * g;
  }
}

void eval_catch_up(const EvalContext& v) {
  const CatchUp catch_up(v);
  const LionRule rule{number(v, "beta1"), number(v, "beta2"), number(v, "weight_decay")};
  std::vector<LionGap> gaps(catch_up.gaps());
  lion_gaps(
      rule, catch_up.step(), [&](std::int64_t t) { return catch_up.rate_of(t); }, gaps);
  catch_up.each_row([&](std::int64_t row, std::int64_t missed) {
    const LionGap& gap = gaps[static_cast<std::size_t>(missed)];
    catch_up.each_column(row, [&](double& w, double& m) {
      w = gap.weight * w - gap.shift * sign(m);
      m *= gap.mean;
    });
  });
}

}  // namespace

namespace ops {

// Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023.
const OpDef lion{
    .name = "lion",
    .doc = "w - rate * (sign(beta1 * m + (1 - beta1) * g) + weight_decay * w)",
    .inputs = step_inputs(kMean, false),
    .outputs = step_outputs(kMean),
    .attrs = lion_attrs(),
    .infer = infer_optimizer,
    .reference = eval_lion,
    .in_place = {1, 3},
    .flops = flops_of_step<9>,
    .optimizer = "lion",
    .learning_rate = 0.0001,
    .row_form = &row_lion,
    .catch_up_form = &row_lion_catch_up,
};

const OpDef row_lion{
    .name = "row_lion",
    .doc = "lion of the rows `ids` of w, whose gradients are the rows of g",
    .inputs = row_step_inputs(kMean, false),
    .outputs = row_step_outputs(kMean),
    .attrs = lion_attrs(),
    .infer = infer_optimizer,
    .reference = eval_row_step<lion>,
    .in_place = {1, 2},
    .flops = flops_of_step<9>,
};

const OpDef row_lion_catch_up{
    .name = "row_lion_catch_up",
    .doc = "rows after the steps of lion in which they had no gradient",
    .inputs = catch_up_inputs(kMean, true),
    .outputs = catch_up_outputs(kMean),
    .attrs = lion_attrs(),
    .infer = infer_optimizer,
    .reference = eval_catch_up,
    .in_place = {1, 2, 3},
};

}  // namespace ops
}  // namespace weft
