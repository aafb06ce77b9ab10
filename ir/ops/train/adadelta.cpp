// Adadelta, as torch.optim has it.
#include <cmath>

#include "ir/missed_steps.h"
#include "ir/ops/ops.h"
#include "ir/ops/train/optimizer.h"

namespace weft {
namespace {

constexpr std::array<OptimizerState, 2> kSquares{
    {{"square_grad", "new_square_grad"}, {"square_update", "new_square_update"}}};

AttrDef rho_attr() {
  return decay_of_mean("rho", "decay of both means of squares", 0.95, 0.999999);
}
std::vector<AttrDef> adadelta_attrs() {
  return {rho_attr(), epsilon_attr("added to both means of squares", 1e-6), gradient_decay()};
}

void eval_adadelta(const EvalContext& v) {
  const double rate = v.x[4]->data[0], rho = number(v, "rho");
  const double epsilon = number(v, "epsilon"), decay = number(v, "weight_decay");
  for (std::size_t i = 0; i < v.x[0]->data.size(); ++i) {
    const double w = v.x[0]->data[i], g = v.x[1]->data[i] + decay * w;
    const double square_grad = rho * v.x[2]->data[i] + (1.0 - rho) * g * g;
    const double update =
        g * std::sqrt(v.x[3]->data[i] + epsilon) / std::sqrt(square_grad + epsilon);
    v.y[0].data[i] = w - rate * update;
    v.y[1].data[i] = square_grad;
    v.y[2].data[i] = rho * v.x[3]->data[i] + (1.0 - rho) * update * update;
  }
}

void eval_catch_up(const EvalContext& v) {
  const CatchUp catch_up(v);
  catch_up.each_row([&](std::int64_t row, std::int64_t missed) {
    const double factor = adadelta_gap(number(v, "rho"), missed);
    catch_up.each_column(row, [&](double&, double& square_grad, double& square_update) {
      square_grad *= factor;
      square_update *= factor;
    });
  });
}

MissedSteps missed_steps(const Attrs& attrs) {
  if (float_attr(attrs, "weight_decay") == 0.0) return {};
  return {.no_closed_form = "the weight_decay of adadelta moves every row in every step"};
}

}  // namespace

namespace ops {

// Zeiler, "ADADELTA: an adaptive learning rate method", arXiv 1212.5701, 2012.
const OpDef adadelta{
    .name = "adadelta",
    .doc = "a step by g times the root mean square of past updates over that of past gradients",
    .inputs = step_inputs(kSquares, false),
    .outputs = step_outputs(kSquares),
    .attrs = adadelta_attrs(),
    .infer = infer_optimizer,
    .reference = eval_adadelta,
    .in_place = {1, 3, 4},
    .flops = flops_of_step<14>,
    .optimizer = "adadelta",
    .learning_rate = 1.0,
    .row_form = &row_adadelta,
    .catch_up_form = &row_adadelta_catch_up,
    .missed_steps = missed_steps,
};

const OpDef row_adadelta{
    .name = "row_adadelta",
    .doc = "adadelta of the rows `ids` of w, whose gradients are the rows of g",
    .inputs = row_step_inputs(kSquares, false),
    .outputs = row_step_outputs(kSquares),
    .attrs = adadelta_attrs(),
    .infer = infer_optimizer,
    .reference = eval_row_step<adadelta>,
    .in_place = {1, 2, 3},
    .flops = flops_of_step<14>,
};

const OpDef row_adadelta_catch_up{
    .name = "row_adadelta_catch_up",
    .doc = "rows after the steps of adadelta in which they had no gradient",
    .inputs = catch_up_inputs(kSquares, false),
    .outputs = catch_up_outputs(kSquares),
    .attrs = {rho_attr()},
    .infer = infer_optimizer,
    .reference = eval_catch_up,
    .in_place = {1, 2, 3, 4},
};

}  // namespace ops
}  // namespace weft
