// Shared by optimizers: operands, the shape rule, references of rows; the count of steps and the
// record of learning rates.
#include "ir/ops/train/optimizer.h"

#include <cmath>

#include "ir/ops/ops.h"

namespace weft {

OptimizerChoice find_optimizer(std::string_view name) {
  OptimizerChoice choice;
  choice.lazy = name.starts_with(kLazyPrefix);
  if (choice.lazy) name.remove_prefix(kLazyPrefix.size());
  for (const OpDef* op : all_ops()) {
    if (!op->optimizer.empty() && op->optimizer == name) choice.op = op;
  }
  return choice;
}

std::size_t find_port(const OpDef& op, OperandRole role) {
  return static_cast<std::size_t>(std::ranges::find(op.inputs, role, &PortDef::role) -
                                  op.inputs.begin());
}

TensorType type_of_state(OperandRole role, const TensorType& weight) {
  // One number is a row by itself.
  if (role != OperandRole::row_state || weight.shape.empty()) return weight;
  return float_type({weight.shape[0]});
}

PortDef learning_rate_port() { return {"rate", "f32[]", Arity::one, OperandRole::learning_rate}; }
PortDef step_port() { return {"step", "i32[]", Arity::one, OperandRole::step}; }
PortDef past_rates_port() {
  return {"rates", "f32[N], that of step t at t % N", Arity::one, OperandRole::past_rates};
}

namespace {

constexpr std::string_view kTensor = "f32[..]", kTable = "f32[V, D]";
constexpr std::string_view kPerRow = "f32[V], one number a row";
constexpr std::string_view kLast = "i32[V], the step that a row is as of";

PortDef port(std::string_view name, std::string_view doc, OperandRole role) {
  return {name, doc, Arity::one, role};
}

std::string_view doc_of(const OptimizerState& state, std::string_view doc) {
  return state.role == OperandRole::row_state ? kPerRow : doc;
}

// w and the states.
std::vector<PortDef> updated_inputs(OptimizerStates states, std::string_view doc) {
  std::vector<PortDef> ports{port("w", doc, OperandRole::weight)};
  for (const auto& state : states) {
    ports.push_back(port(state.name, doc_of(state, doc), state.role));
  }
  return ports;
}

std::vector<PortDef> updated_outputs(OptimizerStates states, std::string_view doc) {
  std::vector<PortDef> ports{port("new_w", doc, OperandRole::weight)};
  for (const auto& state : states) {
    ports.push_back(port(state.updated, doc_of(state, doc), state.role));
  }
  return ports;
}

}  // namespace

std::vector<PortDef> step_inputs(OptimizerStates states, bool counts) {
  std::vector<PortDef> ports = updated_inputs(states, kTensor);
  ports.insert(ports.begin() + 1, port("g", kTensor, OperandRole::gradient));
  ports.push_back(learning_rate_port());
  if (counts) ports.push_back(step_port());
  return ports;
}

std::vector<PortDef> step_outputs(OptimizerStates states) {
  return updated_outputs(states, kTensor);
}

std::vector<PortDef> row_step_inputs(OptimizerStates states, bool counts) {
  std::vector<PortDef> ports = updated_inputs(states, kTable);
  ports.push_back(port("ids", "i32[U], distinct", OperandRole::ids));
  ports.push_back(port("g", "f32[U, D]", OperandRole::gradient));
  ports.push_back(learning_rate_port());
  if (counts) ports.push_back(step_port());
  return ports;
}

std::vector<PortDef> row_step_outputs(OptimizerStates states) {
  return updated_outputs(states, kTable);
}

std::vector<PortDef> catch_up_inputs(OptimizerStates states, bool by_rate) {
  std::vector<PortDef> ports = updated_inputs(states, kTable);
  ports.push_back(port("last", kLast, OperandRole::last_step));
  ports.push_back(
      {"ids", "i32[U], distinct; left out: all rows", Arity::optional, OperandRole::ids});
  ports.push_back(port("step", "i32[], finished steps", OperandRole::step));
  if (by_rate) ports.push_back(past_rates_port());
  return ports;
}

std::vector<PortDef> catch_up_outputs(OptimizerStates states) {
  std::vector<PortDef> ports = updated_outputs(states, kTable);
  ports.push_back(port("new_last", kLast, OperandRole::last_step));
  return ports;
}

AttrDef decay_of_mean(std::string_view name, std::string_view doc, double default_value,
                      double high) {
  return {.name = name, .doc = doc, .default_value = default_value, .low = 0, .high = high};
}

AttrDef gradient_decay() {
  return {.name = "weight_decay",
          .doc = "pull of the weights towards 0: times w, added to the gradient",
          .default_value = 0.0,
          .low = 0,
          .high = 1e3};
}

AttrDef decoupled_decay(double default_value) {
  return {.name = "weight_decay",
          .doc = "pull of the weights towards 0: times rate and w, taken from w",
          .default_value = default_value,
          .low = 0,
          .high = 1e3};
}

AttrDef epsilon_attr(std::string_view doc, double default_value) {
  return {.name = "epsilon", .doc = doc, .default_value = default_value, .low = 1e-20, .high = 1};
}

namespace {

void expect_past_rates(const InferContext& v, std::size_t port) {
  const TensorType& rates = expect_float(v, port, 1);
  if (rates.shape[0].is_static() && rates.shape[0].value >= 1) return;
  v.fail(describe(v, port) + ", but must hold a fixed number of rates");
}

}  // namespace

std::vector<TensorType> infer_optimizer(const InferContext& v) {
  const std::size_t ids = find_port(v.op, OperandRole::ids);
  const bool of_rows = ids < v.op.inputs.size();
  v.expect_dtype(0, DType::f32);
  if (of_rows) v.expect_rank(0, 2);
  const TensorType w = v.type(0);
  for (std::size_t port = 1; port < v.inputs.size(); ++port) {
    const OperandRole role = v.op.inputs[port].role;
    if (is_state(role)) {
      v.expect_same(port, type_of_state(role, w));
    } else if (role == OperandRole::gradient && !of_rows) {
      v.expect_same(port, w);
    } else if (role == OperandRole::gradient) {
      v.expect_same(port, float_type({v.type(ids).shape[0], w.shape[1]}));
    } else if (role == OperandRole::last_step) {
      v.expect_same(port, int_type({w.shape[0]}));
    } else if (role == OperandRole::learning_rate) {
      expect_scalar(v, port, DType::f32);
    } else if (role == OperandRole::step) {
      expect_scalar(v, port, DType::i32);
    } else if (role == OperandRole::past_rates) {
      expect_past_rates(v, port);
    } else if (v.has(port)) {
      WEFT_CHECK(role == OperandRole::ids);
      v.expect_dtype(port, DType::i32);
      v.expect_rank(port, 1);
    }
  }
  std::vector<TensorType> types;
  for (const PortDef& output : v.op.outputs) {
    types.push_back(output.role == OperandRole::last_step ? int_type({w.shape[0]})
                                                          : type_of_state(output.role, w));
  }
  return types;
}

void eval_row_step(const EvalContext& v, const OpDef& dense) {
  const OpDef& op = *v.node.op;
  const Tensor& w = *v.x[0];
  const Tensor& ids = *v.x[find_port(op, OperandRole::ids)];
  // Numbers that operand s has for a row.
  const auto width = [&](std::size_t s) { return w.rows() == 0 ? 0 : v.x[s]->size() / w.rows(); };
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < ids.size(); ++i) {
    rows.push_back(checked_index(v, at(ids, 0, i), 0, w.rows(), fmt::format("ids[{}]", i)));
  }
  std::vector<Tensor> old, updated;
  for (std::size_t s = 0; s < v.y.size(); ++s) {
    std::vector<std::int64_t> shape = v.x[s]->shape;
    shape[0] = ids.size();
    old.emplace_back(shape);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::copy_n(v.x[s]->data.begin() + rows[i] * width(s), width(s),
                  old[s].data.begin() + static_cast<std::int64_t>(i) * width(s));
    }
  }
  updated = old;
  std::vector<const Tensor*> x;  // of the dense op
  std::size_t next = 0;
  for (const PortDef& port : dense.inputs) {
    x.push_back(is_updated(port.role) ? &old[next++] : v.x[find_port(op, port.role)]);
  }
  dense.reference(EvalContext{v.graph, v.node, x, updated, v.bind, v.extents});
  for (std::size_t s = 0; s < updated.size(); ++s) {
    v.y[s] = *v.x[s];
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::copy_n(updated[s].data.begin() + static_cast<std::int64_t>(i) * width(s), width(s),
                  v.y[s].data.begin() + rows[i] * width(s));
    }
  }
}

CatchUp::CatchUp(const EvalContext& v)
    : v_(v),
      ids_(v.x[find_port(*v.node.op, OperandRole::ids)]),
      rates_(has_port(*v.node.op, OperandRole::past_rates)
                 ? v.x[find_port(*v.node.op, OperandRole::past_rates)]
                 : nullptr),
      step_(integer_operand(v, find_port(*v.node.op, OperandRole::step))) {
  if (step_ < 0) fail(v, fmt::format("step is {}, but must not be negative", step_));
  max_gap_ = rates_ == nullptr ? step_ : std::min(step_, rates_->size());
  for (std::size_t i = 0; i < v.y.size(); ++i) v.y[i] = *v.x[i];
}

namespace {

std::vector<TensorType> infer_increment(const InferContext& v) {
  expect_scalar(v, 0, DType::i32);
  return {v.type(0)};
}

void eval_increment(const EvalContext& v) {
  const auto next = static_cast<double>(integer_operand(v, 0) + 1);
  v.y[0].data[0] = static_cast<double>(
      checked_index(v, next, -(std::int64_t{1} << 31), std::int64_t{1} << 31, "step + 1"));
}

std::vector<TensorType> infer_record_rate(const InferContext& v) {
  expect_past_rates(v, 0);
  expect_scalar(v, 1, DType::f32);
  expect_scalar(v, 2, DType::i32);
  return {v.type(0)};
}

void eval_record_rate(const EvalContext& v) {
  const std::int64_t step = integer_operand(v, 2);
  if (step < 0) fail(v, fmt::format("step is {}, but must not be negative", step));
  v.y[0] = *v.x[0];
  at(v.y[0], 0, step % v.y[0].size()) = v.x[1]->data[0];
}

}  // namespace

namespace ops {

const OpDef increment{
    .name = "increment",
    .doc = "step + 1",
    .inputs = {step_port()},
    .outputs = {{"next", "i32[]", Arity::one, OperandRole::step}},
    .infer = infer_increment,
    .reference = eval_increment,
    .in_place = {1},
};

const OpDef record_rate{
    .name = "record_rate",
    .doc = "keeps the learning rate of this step, in place of that of N steps ago",
    .inputs = {past_rates_port(), learning_rate_port(), step_port()},
    .outputs = {{"new_rates", "f32[N]", Arity::one, OperandRole::past_rates}},
    .infer = infer_record_rate,
    .reference = eval_record_rate,
    .in_place = {1},
};

}  // namespace ops
}  // namespace weft
