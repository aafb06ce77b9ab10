// Shared by optimizers. An optimizer is up to three ops, in a file of its own:
//
//   new_w, new_states…           = x(w, g, states…, rate[, step])                a step
//   new_w, new_states…           = row_x(w, states…, ids, g, rate[, step])       of some rows of w
//   new_w, new_states…, new_last = row_x_catch_up(w, states…, last, ids, step[, rates])
//
// By itself row_x is what SparseAdam does: rows without a gradient stay as they are. The catch-up
// form makes up for the steps that a row has missed, so that both together equal x.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "ir/op.h"
#include "ir/ops/common.h"

namespace weft {

// ---- for passes, descriptions and tests

// A program asks for an optimizer by its attribute `optimizer`. With this prefix the steps that a
// row misses are never made up for: `lazy_adam` is another optimizer than `adam`, meant to be.
inline constexpr std::string_view kLazyPrefix = "lazy_";

struct OptimizerChoice {
  const OpDef* op = nullptr;  // null: there is none of that name
  bool lazy = false;
};
OptimizerChoice find_optimizer(std::string_view name);

constexpr bool is_state(OperandRole role) {
  return role == OperandRole::state || role == OperandRole::row_state;
}
// The type of the state of this role that goes with a weight.
TensorType type_of_state(OperandRole, const TensorType& weight);

// Optimizers have an output for each of these operands, in the same order.
constexpr bool is_updated(OperandRole role) {
  return role == OperandRole::weight || is_state(role) || role == OperandRole::last_step;
}

// The first operand of this role; as many as there are operands if none has it.
std::size_t find_port(const OpDef&, OperandRole);
inline bool has_port(const OpDef& op, OperandRole role) {
  return find_port(op, role) < op.inputs.size();
}

// ---- for the files of the optimizers

// A state, and what it is called after the step.
struct OptimizerState {
  std::string_view name, updated;
  OperandRole role = OperandRole::state;
};
using OptimizerStates = std::span<const OptimizerState>;

PortDef learning_rate_port();
PortDef step_port();
PortDef past_rates_port();

// `counts`: it asks for the number of the step. `by_rate`: the steps that a row has missed depend
// on their learning rates.
std::vector<PortDef> step_inputs(OptimizerStates, bool counts);
std::vector<PortDef> step_outputs(OptimizerStates);
std::vector<PortDef> row_step_inputs(OptimizerStates, bool counts);
std::vector<PortDef> row_step_outputs(OptimizerStates);
std::vector<PortDef> catch_up_inputs(OptimizerStates, bool by_rate);
std::vector<PortDef> catch_up_outputs(OptimizerStates);

AttrDef decay_of_mean(std::string_view name, std::string_view doc, double default_value,
                      double high);
AttrDef gradient_decay();                       // weight_decay, as torch.optim's Adam has it
AttrDef decoupled_decay(double default_value);  // as AdamW has it
AttrDef epsilon_attr(std::string_view doc, double default_value);

// The shape rule of all three forms, by the roles of their operands.
std::vector<TensorType> infer_optimizer(const InferContext&);

inline double number(const EvalContext& v, std::string_view attr) {
  return float_attr(v.node.attrs, attr);
}

// The reference of a row form: the rows `ids` through the dense op's reference.
void eval_row_step(const EvalContext&, const OpDef& dense);
template <const OpDef& dense>
void eval_row_step(const EvalContext& v) {
  eval_row_step(v, dense);
}

template <int per_weight>
double flops_of_step(const Graph& graph, const Node& node, const ElementCount& count) {
  const std::size_t gradient = find_port(*node.op, OperandRole::gradient);
  return per_weight * count(graph[node.inputs[gradient]].type);
}

// The reference of a catch-up form, except for its rule; outputs start as copies of the
// operands.
//
// `last` holds for each row the step whose end its content stands for. The rows `ids` are brought
// to `step`, the number of finished steps, and marked as of step + 1, whose update follows; without
// ids all rows are brought to `step`. The latter also happens whenever the ring of past rates
// begins anew.
class CatchUp {
 public:
  explicit CatchUp(const EvalContext&);

  std::int64_t step() const { return step_; }
  double rate_of(std::int64_t t) const { return at(*rates_, 0, t % rates_->size()); }
  // As many as any gap may need: of 0, 1, … missed steps.
  std::size_t gaps() const { return static_cast<std::size_t>(max_gap_) + 1; }

  // apply(row, gap) for every row to be brought up to date.
  template <class Apply>
  void each_row(Apply apply) const;

  // apply(w, states...) for every column of a row, all of them of double&.
  template <class Apply>
  void each_column(std::int64_t row, Apply apply) const;

 private:
  const EvalContext& v_;
  const Tensor* ids_;    // null: all rows
  const Tensor* rates_;  // null: the rule does not ask for them
  std::int64_t step_ = 0, max_gap_ = 0;
};

template <class Apply>
void CatchUp::each_row(Apply apply) const {
  Tensor& last = v_.y.back();
  const bool all = ids_ == nullptr || (rates_ != nullptr && step_ % rates_->size() == 0);
  const auto visit = [&](std::int64_t row, std::int64_t mark) {
    const std::string what = fmt::format("step - last[{}]", row);
    const double missed = static_cast<double>(step_) - at(last, 0, row);
    apply(row, checked_index(v_, missed, 0, max_gap_ + 1, what));
    at(last, 0, row) = static_cast<double>(mark);
  };
  for (std::int64_t row = 0; all && row < last.size(); ++row) visit(row, step_);
  for (std::int64_t i = 0; ids_ != nullptr && i < ids_->size(); ++i) {
    // An id given twice finds its row marked as of a step to come, and fails.
    visit(checked_index(v_, at(*ids_, 0, i), 0, last.size(), fmt::format("ids[{}]", i)), step_ + 1);
  }
}

template <class Apply>
void CatchUp::each_column(std::int64_t row, Apply apply) const {
  for (std::int64_t d = 0; d < v_.y[0].columns(); ++d) {
    if constexpr (std::is_invocable_v<Apply, double&>) {
      apply(at(v_.y[0], row, d));
    } else if constexpr (std::is_invocable_v<Apply, double&, double&>) {
      apply(at(v_.y[0], row, d), at(v_.y[1], row, d));
    } else {
      apply(at(v_.y[0], row, d), at(v_.y[1], row, d), at(v_.y[2], row, d));
    }
  }
}

}  // namespace weft
