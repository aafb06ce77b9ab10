// Optimizer steps of those rows of a table that have a gradient; all other rows stay as they are.
//
// By itself this is what SparseAdam does. Together with the catch-up ops
// (row_optimizer_catch_up.cpp) it is the dense optimizer.
#include "ir/ops/common.h"
#include "ir/ops/ops.h"
#include "ir/ops/train/optimizer.h"

namespace weft {
namespace {

// w and `states` more of one type, the rows' ids, their gradients, the rate, perhaps the step.
template <std::size_t states>
std::vector<TensorType> infer_row_update(const InferContext& v) {
  const TensorType w = expect_float(v, 0, 2);
  for (std::size_t port = 1; port < 1 + states; ++port) v.expect_same(port, w);
  v.expect_dtype(1 + states, DType::i32);
  v.expect_rank(1 + states, 1);
  v.expect_same(2 + states, float_type({v.type(1 + states).shape[0], w.shape[1]}));
  expect_scalar(v, 3 + states, DType::f32);
  if (v.inputs.size() > 4 + states) expect_scalar(v, 4 + states, DType::i32);
  check_optimizer_attrs(v);
  return std::vector<TensorType>(1 + states, w);
}

// The rows with a gradient, put through the dense op's reference.
template <const OpDef& dense, std::size_t states>
void eval_row_update(const EvalContext& v) {
  const Tensor &w = *v.x[0], &ids = *v.x[1 + states], &g = *v.x[2 + states];
  std::vector<Tensor> old(1 + states, Tensor(g.shape)), updated = old;
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < ids.size(); ++i) {
    rows.push_back(checked_index(v, at(ids, 0, i), 0, w.rows(), fmt::format("ids[{}]", i)));
    for (std::size_t s = 0; s <= states; ++s) {
      for (std::int64_t d = 0; d < w.columns(); ++d) at(old[s], i, d) = at(*v.x[s], rows.back(), d);
    }
  }
  std::vector<const Tensor*> x{&old[0], &g};  // w, g, the states, the rate, perhaps the step
  for (std::size_t s = 1; s <= states; ++s) x.push_back(&old[s]);
  for (std::size_t port = 3 + states; port < v.x.size(); ++port) x.push_back(v.x[port]);
  dense.reference(EvalContext{v.graph, v.node, x, updated, v.bind, v.extents});
  for (std::size_t s = 0; s <= states; ++s) {
    v.y[s] = *v.x[s];
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto from = static_cast<std::int64_t>(i);
      for (std::int64_t d = 0; d < w.columns(); ++d)
        at(v.y[s], rows[i], d) = at(updated[s], from, d);
    }
  }
}

std::vector<TensorType> infer_record_rate(const InferContext& v) {
  const TensorType& rates = expect_float(v, 0, 1);
  if (!rates.shape[0].is_static() || rates.shape[0].value < 1) {
    v.fail(describe(v, 0) + ", but must hold a fixed number of rates");
  }
  expect_scalar(v, 1, DType::f32);
  expect_scalar(v, 2, DType::i32);
  return {rates};
}

void eval_record_rate(const EvalContext& v) {
  const std::int64_t step = integer_operand(v, 2);
  if (step < 0) fail(v, fmt::format("step is {}, but must not be negative", step));
  v.y[0] = *v.x[0];
  at(v.y[0], 0, step % v.y[0].size()) = v.x[1]->data[0];
}

PortDef table_port(std::string_view name) { return {name, "f32[V, D]"}; }
PortDef ids_port() { return {"ids", "i32[U], distinct"}; }
PortDef gradient_port() { return {"g", "f32[U, D]"}; }
PortDef rate_port() { return {"rate", "f32[]"}; }
PortDef step_port() { return {"step", "i32[]"}; }

std::vector<AttrDef> adam_attrs(AttrDef decay) {
  return {{"beta1", "decay of the mean of g", 0.9},
          {"beta2", "decay of the mean of g^2", 0.999},
          {"epsilon", "added to the root", 1e-8},
          std::move(decay)};
}
AttrDef decay_attr() { return {"weight_decay", "times w, added to the gradient", 0.0}; }

std::vector<PortDef> adam_inputs() {
  return {table_port("w"), table_port("m"), table_port("v"), ids_port(),
          gradient_port(), rate_port(),     step_port()};
}
std::vector<PortDef> adam_outputs() {
  return {table_port("new_w"), table_port("new_m"), table_port("new_v")};
}

template <int per_weight, std::size_t states>
double flops_of_rows(const Graph& graph, const Node& node, const ElementCount& count) {
  return per_weight * count(graph[node.inputs[2 + states]].type);
}

}  // namespace

namespace ops {

const OpDef row_sgd{
    .name = "row_sgd",
    .doc = "sgd of the rows `ids` of w, whose gradients are the rows of g",
    .inputs = {table_port("w"), ids_port(), gradient_port(), rate_port()},
    .outputs = {table_port("new_w")},
    .attrs = {decay_attr()},
    .infer = infer_row_update<0>,
    .reference = eval_row_update<sgd, 0>,
    .in_place = {1},
    .flops = flops_of_rows<4, 0>,
};

const OpDef row_momentum_sgd{
    .name = "row_momentum_sgd",
    .doc = "momentum_sgd of the rows `ids` of w, whose gradients are the rows of g",
    .inputs = {table_port("w"), table_port("velocity"), ids_port(), gradient_port(), rate_port()},
    .outputs = {table_port("new_w"), table_port("new_velocity")},
    .attrs = {{"momentum", "the share of the velocity that stays", 0.9},
              {"nesterov", "1: look one step ahead", std::int64_t{0}},
              decay_attr()},
    .infer = infer_row_update<1>,
    .reference = eval_row_update<momentum_sgd, 1>,
    .in_place = {1, 2},
    .flops = flops_of_rows<6, 1>,
};

const OpDef row_adam{
    .name = "row_adam",
    .doc = "adam of the rows `ids` of w, whose gradients are the rows of g",
    .inputs = adam_inputs(),
    .outputs = adam_outputs(),
    .attrs = adam_attrs(decay_attr()),
    .infer = infer_row_update<2>,
    .reference = eval_row_update<adam, 2>,
    .in_place = {1, 2, 3},
    .flops = flops_of_rows<14, 2>,
};

const OpDef row_adamw{
    .name = "row_adamw",
    .doc = "adamw of the rows `ids` of w, whose gradients are the rows of g",
    .inputs = adam_inputs(),
    .outputs = adam_outputs(),
    .attrs = adam_attrs({"weight_decay", "times rate and w, taken from w", 0.0}),
    .infer = infer_row_update<2>,
    .reference = eval_row_update<adamw, 2>,
    .in_place = {1, 2, 3},
    .flops = flops_of_rows<14, 2>,
};

const OpDef row_adadelta{
    .name = "row_adadelta",
    .doc = "adadelta of the rows `ids` of w, whose gradients are the rows of g",
    .inputs = {table_port("w"), table_port("square_grad"), table_port("square_update"), ids_port(),
               gradient_port(), rate_port()},
    .outputs = {table_port("new_w"), table_port("new_square_grad"),
                table_port("new_square_update")},
    .attrs = {{"rho", "decay of both means", 0.95},
              {"epsilon", "added to both means", 1e-6},
              decay_attr()},
    .infer = infer_row_update<2>,
    .reference = eval_row_update<adadelta, 2>,
    .in_place = {1, 2, 3},
    .flops = flops_of_rows<14, 2>,
};

const OpDef record_rate{
    .name = "record_rate",
    .doc = "the rate of this step, kept in place of that of N steps ago",
    .inputs = {{"rates", "f32[N], that of step t at t % N"}, rate_port(), step_port()},
    .outputs = {{"new_rates", "f32[N]"}},
    .infer = infer_record_rate,
    .reference = eval_record_rate,
    .in_place = {1},
};

}  // namespace ops
}  // namespace weft
