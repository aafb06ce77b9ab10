// Adam and AdamW, as torch.optim has them.
#include <cmath>

#include "ir/missed_steps.h"
#include "ir/ops/ops.h"
#include "ir/ops/train/optimizer.h"

namespace weft {
namespace {

constexpr std::array<OptimizerState, 2> kMoments{{{"m", "new_m"}, {"v", "new_v"}}};

std::vector<AttrDef> moment_attrs() {
  return {decay_of_mean("beta1", "decay of the mean of g", 0.9, 0.999999),
          decay_of_mean("beta2", "decay of the mean of g^2", 0.999, 0.9999999),
          epsilon_attr("added to the root of the mean of g^2", 1e-8)};
}
std::vector<AttrDef> adam_attrs(AttrDef decay) {
  std::vector<AttrDef> attrs = moment_attrs();
  attrs.push_back(std::move(decay));
  return attrs;
}
AttrDef adamw_decay() { return decoupled_decay(0.01); }

template <bool decoupled>
void eval_adam(const EvalContext& v) {
  const double rate = v.x[4]->data[0];
  const std::int64_t step = integer_operand(v, 5);
  if (step < 1) fail(v, fmt::format("step is {}, but counts from 1", step));
  const double beta1 = number(v, "beta1"), beta2 = number(v, "beta2");
  const double epsilon = number(v, "epsilon"), decay = number(v, "weight_decay");
  const double correction1 = 1.0 - std::pow(beta1, step), correction2 = 1.0 - std::pow(beta2, step);
  for (std::size_t i = 0; i < v.x[0]->data.size(); ++i) {
    double w = v.x[0]->data[i], g = v.x[1]->data[i];
    if (decoupled) {
      w -= rate * decay * w;
    } else {
      g += decay * w;
    }
    const double m = beta1 * v.x[2]->data[i] + (1.0 - beta1) * g;
    const double s = beta2 * v.x[3]->data[i] + (1.0 - beta2) * g * g;
    v.y[0].data[i] = w - rate * (m / correction1) / (std::sqrt(s / correction2) + epsilon);
    v.y[1].data[i] = m;
    v.y[2].data[i] = s;
  }
}

template <bool decoupled>
void eval_catch_up(const EvalContext& v) {
  const CatchUp catch_up(v);
  AdamRule rule{number(v, "beta1"), number(v, "beta2"), number(v, "epsilon"), 0.0};
  if constexpr (decoupled) rule.weight_decay = number(v, "weight_decay");
  std::vector<AdamGap> gaps(catch_up.gaps());
  adam_gaps(
      rule, catch_up.step(), [&](std::int64_t t) { return catch_up.rate_of(t); }, gaps);
  catch_up.each_row([&](std::int64_t row, std::int64_t missed) {
    const AdamGap& gap = gaps[static_cast<std::size_t>(missed)];
    catch_up.each_column(row, [&](double& w, double& m, double& s) {
      const double r = 1.0 / (std::sqrt(s) + gap.epsilon), e = gap.epsilon * r;
      w = gap.weight * w - gap.shift * m * r * (1.0 + gap.spread * e * e);
      m *= gap.mean;
      s *= gap.square;
    });
  });
}

// True if the sums over a gap converge.
bool converges(const Attrs& attrs) {
  const double beta1 = float_attr(attrs, "beta1"), beta2 = float_attr(attrs, "beta2");
  return beta2 > 0 && beta1 <= beta2;
}

std::vector<TensorType> infer_catch_up(const InferContext& v) {
  std::vector<TensorType> types = infer_optimizer(v);
  if (!converges(v.attrs)) {
    v.fail(
        fmt::format("beta1 is {} and beta2 is {}, but beta2 must be positive and not below beta1",
                    float_attr(v.attrs, "beta1"), float_attr(v.attrs, "beta2")));
  }
  return types;
}

template <bool decoupled>
MissedSteps missed_steps(const Attrs& attrs) {
  if (!decoupled && float_attr(attrs, "weight_decay") != 0.0) {
    return {.no_closed_form =
                "the weight_decay of adam moves every row in every step; that of adamw can be made "
                "up for"};
  }
  if (!converges(attrs)) {
    return {.no_closed_form = "steps are made up for only if beta1 <= beta2 and beta2 > 0"};
  }
  return {};
}

}  // namespace

namespace ops {

// Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
const OpDef adam{
    .name = "adam",
    .doc = "a step by the mean of g over the root of the mean of g^2, both bias-corrected",
    .inputs = step_inputs(kMoments, true),
    .outputs = step_outputs(kMoments),
    .attrs = adam_attrs(gradient_decay()),
    .infer = infer_optimizer,
    .reference = eval_adam<false>,
    .in_place = {1, 3, 4},
    .flops = flops_of_step<14>,
    .optimizer = "adam",
    .learning_rate = 0.001,
    .row_form = &row_adam,
    .catch_up_form = &row_adam_catch_up,
    .missed_steps = missed_steps<false>,
};

const OpDef row_adam{
    .name = "row_adam",
    .doc = "adam of the rows `ids` of w, whose gradients are the rows of g",
    .inputs = row_step_inputs(kMoments, true),
    .outputs = row_step_outputs(kMoments),
    .attrs = adam_attrs(gradient_decay()),
    .infer = infer_optimizer,
    .reference = eval_row_step<adam>,
    .in_place = {1, 2, 3},
    .flops = flops_of_step<14>,
};

const OpDef row_adam_catch_up{
    .name = "row_adam_catch_up",
    .doc = "rows after the steps of adam in which they had no gradient",
    .inputs = catch_up_inputs(kMoments, true),
    .outputs = catch_up_outputs(kMoments),
    .attrs = moment_attrs(),
    .infer = infer_catch_up,
    .reference = eval_catch_up<false>,
    .in_place = {1, 2, 3, 4},
};

// Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
const OpDef adamw{
    .name = "adamw",
    .doc = "adam, with the weights decayed by themselves, not through the gradient",
    .inputs = step_inputs(kMoments, true),
    .outputs = step_outputs(kMoments),
    .attrs = adam_attrs(adamw_decay()),
    .infer = infer_optimizer,
    .reference = eval_adam<true>,
    .in_place = {1, 3, 4},
    .flops = flops_of_step<14>,
    .optimizer = "adamw",
    .learning_rate = 0.001,
    .row_form = &row_adamw,
    .catch_up_form = &row_adamw_catch_up,
    .missed_steps = missed_steps<true>,
};

const OpDef row_adamw{
    .name = "row_adamw",
    .doc = "adamw of the rows `ids` of w, whose gradients are the rows of g",
    .inputs = row_step_inputs(kMoments, true),
    .outputs = row_step_outputs(kMoments),
    .attrs = adam_attrs(adamw_decay()),
    .infer = infer_optimizer,
    .reference = eval_row_step<adamw>,
    .in_place = {1, 2, 3},
    .flops = flops_of_step<14>,
};

const OpDef row_adamw_catch_up{
    .name = "row_adamw_catch_up",
    .doc = "rows after the steps of adamw in which they had no gradient",
    .inputs = catch_up_inputs(kMoments, true),
    .outputs = catch_up_outputs(kMoments),
    .attrs = adam_attrs(adamw_decay()),
    .infer = infer_catch_up,
    .reference = eval_catch_up<true>,
    .in_place = {1, 2, 3, 4},
};

}  // namespace ops
}  // namespace weft
