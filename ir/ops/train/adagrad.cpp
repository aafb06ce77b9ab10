// Adagrad with one sum of squares for each row of a weight. A row is what the first index selects:
// a word's vector, or the weights of one input. Half of a step's memory traffic is saved, and a row
// moves along its gradient.
#include <cmath>

#include "ir/ops/ops.h"
#include "ir/ops/train/optimizer.h"

namespace weft {
namespace {

constexpr std::array<OptimizerState, 1> kSum{{{"sum", "new_sum", OperandRole::row_state}}};

std::vector<AttrDef> adagrad_attrs() {
  return {epsilon_attr("added to the root of the sum of g^2", 1e-10), gradient_decay()};
}

void eval_adagrad(const EvalContext& v) {
  const double rate = v.x[3]->data[0];
  const double epsilon = number(v, "epsilon"), decay = number(v, "weight_decay");
  const std::vector<double>&w = v.x[0]->data, &g = v.x[1]->data, &sum = v.x[2]->data;
  const std::size_t width = sum.empty() ? 0 : w.size() / sum.size();
  for (std::size_t row = 0; row < sum.size(); ++row) {
    const auto gradient = [&](std::size_t i) { return g[i] + decay * w[i]; };
    double squares = 0;
    for (std::size_t i = row * width; i < (row + 1) * width; ++i) {
      squares += gradient(i) * gradient(i);
    }
    const double next = sum[row] + squares / static_cast<double>(width);
    for (std::size_t i = row * width; i < (row + 1) * width; ++i) {
      v.y[0].data[i] = w[i] - rate * gradient(i) / (std::sqrt(next) + epsilon);
    }
    v.y[1].data[row] = next;
  }
}

}  // namespace

namespace ops {

// Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
// optimization", JMLR 2011; by rows as in Naumov et al., "Deep learning recommendation model for
// personalization and recommendation systems", 2019.
const OpDef adagrad{
    .name = "adagrad",
    .doc = "w - rate * g / root of sum, the sum of each row's mean g^2 so far",
    .inputs = step_inputs(kSum, false),
    .outputs = step_outputs(kSum),
    .attrs = adagrad_attrs(),
    .infer = infer_optimizer,
    .reference = eval_adagrad,
    .in_place = {1, 3},
    .flops = flops_of_step<5>,
    .optimizer = "adagrad",
    .learning_rate = 0.1,
    .row_form = &row_adagrad,
    .missed_steps =
        [](const Attrs& attrs) {
          if (float_attr(attrs, "weight_decay") == 0.0) return MissedSteps{.change_nothing = true};
          return MissedSteps{.no_closed_form =
                                 "the weight_decay of adagrad moves every row in every step"};
        },
};

const OpDef row_adagrad{
    .name = "row_adagrad",
    .doc = "adagrad of the rows `ids` of w, whose gradients are the rows of g",
    .inputs = row_step_inputs(kSum, false),
    .outputs = row_step_outputs(kSum),
    .attrs = adagrad_attrs(),
    .infer = infer_optimizer,
    .reference = eval_row_step<adagrad>,
    .in_place = {1, 2},
    .flops = flops_of_step<5>,
};

}  // namespace ops
}  // namespace weft
