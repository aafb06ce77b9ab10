// The steps that rows of a table missed because they had no gradient in them, made up for: what
// makes the row-wise optimizers (row_optimizer.cpp) equal to the dense ones.
//
// `last` holds for each row the step whose end its content stands for. The rows `ids` are brought
// to `step`, the number of finished steps, and marked as of step + 1, whose update follows; without
// ids all rows are brought to `step`. The latter also happens whenever the ring of past rates
// begins anew.
#include "ir/missed_steps.h"
#include "ir/ops/common.h"
#include "ir/ops/ops.h"
#include "ir/ops/train/optimizer.h"

namespace weft {
namespace {

// w and `states` more of one type, last, the ids unless left out, the step, perhaps the rates.
template <std::size_t states>
std::vector<TensorType> infer_catch_up(const InferContext& v) {
  const TensorType w = expect_float(v, 0, 2);
  for (std::size_t port = 1; port < 1 + states; ++port) v.expect_same(port, w);
  const TensorType last = int_type({w.shape[0]});
  v.expect_same(1 + states, last);
  if (v.has(2 + states)) {
    v.expect_dtype(2 + states, DType::i32);
    v.expect_rank(2 + states, 1);
  }
  expect_scalar(v, 3 + states, DType::i32);
  if (v.inputs.size() > 4 + states) {
    const TensorType& rates = expect_float(v, 4 + states, 1);
    if (!rates.shape[0].is_static() || rates.shape[0].value < 1) {
      v.fail(describe(v, 4 + states) + ", but must hold a fixed number of rates");
    }
  }
  check_optimizer_attrs(v);
  std::vector<TensorType> types(2 + states, w);
  types.back() = last;
  return types;
}

// What a reference needs besides its rule; outputs start as copies of the operands.
struct CatchUp {
  const EvalContext& v;
  std::size_t states;
  std::int64_t step;
  const Tensor* rates = nullptr;  // null: the rule does not ask for them
  std::int64_t longest = 0;       // gap

  CatchUp(const EvalContext& view, std::size_t state_count)
      : v(view), states(state_count), step(integer_operand(view, 3 + state_count)) {
    if (step < 0) fail(v, fmt::format("step is {}, but must not be negative", step));
    if (v.x.size() > 4 + states) rates = v.x[4 + states];
    longest = rates == nullptr ? step : std::min(step, rates->size());
    for (std::size_t i = 0; i < v.y.size(); ++i) v.y[i] = *v.x[i];
  }

  double rate_of(std::int64_t t) const { return at(*rates, 0, t % rates->size()); }
  std::size_t gaps() const { return static_cast<std::size_t>(longest) + 1; }

  // apply(row, gap) for every row to be brought up to date.
  template <class Apply>
  void each_row(Apply apply) const {
    const Tensor* ids = v.x[2 + states];
    Tensor& last = v.y[1 + states];
    const bool all = ids == nullptr || (rates != nullptr && step % rates->size() == 0);
    const auto visit = [&](std::int64_t row, std::int64_t mark) {
      const std::string what = fmt::format("step - last[{}]", row);
      const double missed = static_cast<double>(step) - at(last, 0, row);
      apply(row, checked_index(v, missed, 0, longest + 1, what));
      at(last, 0, row) = static_cast<double>(mark);
    };
    for (std::int64_t row = 0; all && row < last.size(); ++row) visit(row, step);
    for (std::int64_t i = 0; ids != nullptr && i < ids->size(); ++i) {
      // An id given twice finds its row marked as of a step to come, and fails.
      visit(checked_index(v, at(*ids, 0, i), 0, last.size(), fmt::format("ids[{}]", i)), step + 1);
    }
  }

  // apply(weights...) for every column of a row, all of them of doubles.
  template <class Apply>
  void each_column(std::int64_t row, Apply apply) const {
    for (std::int64_t d = 0; d < v.y[0].columns(); ++d) {
      if constexpr (std::is_invocable_v<Apply, double&>) {
        apply(at(v.y[0], row, d));
      } else if constexpr (std::is_invocable_v<Apply, double&, double&>) {
        apply(at(v.y[0], row, d), at(v.y[1], row, d));
      } else {
        apply(at(v.y[0], row, d), at(v.y[1], row, d), at(v.y[2], row, d));
      }
    }
  }
};

double attr(const EvalContext& v, std::string_view name) { return float_attr(v.node.attrs, name); }

template <bool decoupled>
void eval_adam_catch_up(const EvalContext& v) {
  const CatchUp catch_up(v, 2);
  AdamRule rule{attr(v, "beta1"), attr(v, "beta2"), attr(v, "epsilon"), 0.0};
  if constexpr (decoupled) rule.weight_decay = attr(v, "weight_decay");
  std::vector<AdamGap> gaps(catch_up.gaps());
  adam_gaps(
      rule, catch_up.step, [&](std::int64_t t) { return catch_up.rate_of(t); }, gaps);
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

template <std::size_t states>
void eval_sgd_catch_up(const EvalContext& v) {
  const CatchUp catch_up(v, states);
  SgdRule rule{attr(v, "weight_decay")};
  if constexpr (states > 0) {
    rule.momentum = attr(v, "momentum");
    rule.nesterov = int_attr(v.node.attrs, "nesterov") != 0;
  }
  std::vector<SgdGap> gaps(catch_up.gaps());
  sgd_gaps(
      rule, catch_up.step, [&](std::int64_t t) { return catch_up.rate_of(t); }, gaps);
  catch_up.each_row([&](std::int64_t row, std::int64_t missed) {
    const SgdGap& gap = gaps[static_cast<std::size_t>(missed)];
    if constexpr (states == 0) {
      catch_up.each_column(row, [&](double& w) { w *= gap.ww; });
    } else {
      catch_up.each_column(row, [&](double& w, double& velocity) {
        const double old = w;
        w = gap.ww * old + gap.wv * velocity;
        velocity = gap.vw * old + gap.vv * velocity;
      });
    }
  });
}

void eval_adadelta_catch_up(const EvalContext& v) {
  const CatchUp catch_up(v, 2);
  catch_up.each_row([&](std::int64_t row, std::int64_t missed) {
    const double factor = adadelta_gap(attr(v, "rho"), missed);
    catch_up.each_column(row, [&](double&, double& square_grad, double& square_update) {
      square_grad *= factor;
      square_update *= factor;
    });
  });
}

// Adam's sums must converge, and its root must not be zero.
std::vector<TensorType> infer_adam_catch_up(const InferContext& v) {
  std::vector<TensorType> types = infer_catch_up<2>(v);
  const double beta1 = float_attr(v.attrs, "beta1"), beta2 = float_attr(v.attrs, "beta2");
  if (!(beta2 > 0) || beta1 > beta2) {
    v.fail(
        fmt::format("beta1 is {} and beta2 is {}, but beta2 must be positive and not below beta1",
                    beta1, beta2));
  }
  if (!(float_attr(v.attrs, "epsilon") > 0)) v.fail("epsilon must be positive");
  return types;
}

PortDef table_port(std::string_view name) { return {name, "f32[V, D]"}; }
PortDef last_port(std::string_view name) { return {name, "i32[V], the step a row is as of"}; }
PortDef ids_port() { return {"ids", "i32[U], distinct; none: all rows", Arity::optional}; }
PortDef step_port() { return {"step", "i32[], finished steps"}; }
PortDef rates_port() { return {"rates", "f32[N], that of step t at t % N"}; }

std::vector<PortDef> adam_inputs() {
  return {table_port("w"), table_port("m"), table_port("v"), last_port("last"),
          ids_port(),      step_port(),     rates_port()};
}
std::vector<PortDef> adam_outputs() {
  return {table_port("new_w"), table_port("new_m"), table_port("new_v"), last_port("new_last")};
}
AttrDef beta1_attr() { return {"beta1", "decay of the mean of g", 0.9}; }
AttrDef beta2_attr() { return {"beta2", "decay of the mean of g^2", 0.999}; }
AttrDef epsilon_attr() { return {"epsilon", "added to the root", 1e-8}; }
AttrDef decay_attr() { return {"weight_decay", "times w, added to the gradient", 0.0}; }

}  // namespace

namespace ops {

const OpDef row_sgd_catch_up{
    .name = "row_sgd_catch_up",
    .doc = "rows as the steps of sgd that they had no gradient in leave them",
    .inputs = {table_port("w"), last_port("last"), ids_port(), step_port(), rates_port()},
    .outputs = {table_port("new_w"), last_port("new_last")},
    .attrs = {decay_attr()},
    .infer = infer_catch_up<0>,
    .reference = eval_sgd_catch_up<0>,
    .in_place = {1, 2},
};

const OpDef row_momentum_sgd_catch_up{
    .name = "row_momentum_sgd_catch_up",
    .doc = "rows as the steps of momentum_sgd that they had no gradient in leave them",
    .inputs = {table_port("w"), table_port("velocity"), last_port("last"), ids_port(), step_port(),
               rates_port()},
    .outputs = {table_port("new_w"), table_port("new_velocity"), last_port("new_last")},
    .attrs = {{"momentum", "the share of the velocity that stays", 0.9},
              {"nesterov", "1: look one step ahead", std::int64_t{0}},
              decay_attr()},
    .infer = infer_catch_up<1>,
    .reference = eval_sgd_catch_up<1>,
    .in_place = {1, 2, 3},
};

const OpDef row_adam_catch_up{
    .name = "row_adam_catch_up",
    .doc = "rows as the steps of adam that they had no gradient in leave them",
    .inputs = adam_inputs(),
    .outputs = adam_outputs(),
    .attrs = {beta1_attr(), beta2_attr(), epsilon_attr()},
    .infer = infer_adam_catch_up,
    .reference = eval_adam_catch_up<false>,
    .in_place = {1, 2, 3, 4},
};

const OpDef row_adamw_catch_up{
    .name = "row_adamw_catch_up",
    .doc = "rows as the steps of adamw that they had no gradient in leave them",
    .inputs = adam_inputs(),
    .outputs = adam_outputs(),
    .attrs = {beta1_attr(),
              beta2_attr(),
              epsilon_attr(),
              {"weight_decay", "times rate and w, taken from w", 0.0}},
    .infer = infer_adam_catch_up,
    .reference = eval_adam_catch_up<true>,
    .in_place = {1, 2, 3, 4},
};

const OpDef row_adadelta_catch_up{
    .name = "row_adadelta_catch_up",
    .doc = "rows as the steps of adadelta that they had no gradient in leave them",
    .inputs = {table_port("w"), table_port("square_grad"), table_port("square_update"),
               last_port("last"), ids_port(), step_port()},
    .outputs = {table_port("new_w"), table_port("new_square_grad"), table_port("new_square_update"),
                last_port("new_last")},
    .attrs = {{"rho", "decay of both means", 0.95}},
    .infer = infer_catch_up<2>,
    .reference = eval_adadelta_catch_up,
    .in_place = {1, 2, 3, 4},
};

}  // namespace ops
}  // namespace weft
