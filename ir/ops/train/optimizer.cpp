// Optimizer steps as pure functions: weights, gradient and state in; new weights and state out. The
// formulas are those of torch.optim.
#include "ir/ops/train/optimizer.h"

#include <cmath>

#include "ir/ops/common.h"
#include "ir/ops/ops.h"

namespace weft {

void check_optimizer_attrs(const InferContext& v) {
  for (const AttrDef& attr : v.op.attrs) {
    if (attr.name == "nesterov") {
      const std::int64_t nesterov = int_attr(v.attrs, attr.name);
      if (nesterov == 0 || nesterov == 1) continue;
      v.fail(fmt::format("nesterov is {}, but must be 0 or 1", nesterov));
    }
    const double value = float_attr(v.attrs, attr.name);
    const bool decay = attr.name.starts_with("beta") || attr.name == "rho";
    if (value >= 0 && (decay ? value < 1 : std::isfinite(value))) continue;
    v.fail(fmt::format("{} is {}, but must {}", attr.name, value,
                       decay ? "be at least 0 and below 1" : "not be negative"));
  }
}

namespace {

// w, g and `states` more of one type, then the rate, then the step if there is a port for it.
template <std::size_t states>
std::vector<TensorType> infer_update(const InferContext& v) {
  v.expect_dtype(0, DType::f32);
  for (std::size_t port = 1; port < 2 + states; ++port) v.expect_same(port, v.type(0));
  expect_scalar(v, 2 + states, DType::f32);
  if (v.inputs.size() > 3 + states) expect_scalar(v, 3 + states, DType::i32);
  check_optimizer_attrs(v);
  return std::vector<TensorType>(1 + states, v.type(0));
}

double attr(const EvalContext& v, std::string_view name) { return float_attr(v.node.attrs, name); }

void eval_sgd(const EvalContext& v) {
  const std::vector<double>&w = v.x[0]->data, &g = v.x[1]->data;
  const double rate = v.x[2]->data[0], decay = attr(v, "weight_decay");
  for (std::size_t i = 0; i < w.size(); ++i) {
    v.y[0].data[i] = w[i] - rate * (g[i] + decay * w[i]);
  }
}

void eval_momentum_sgd(const EvalContext& v) {
  const std::vector<double>&w = v.x[0]->data, &velocity = v.x[2]->data;
  const double rate = v.x[3]->data[0], decay = attr(v, "weight_decay");
  const double momentum = attr(v, "momentum");
  const bool nesterov = int_attr(v.node.attrs, "nesterov") != 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    const double g = v.x[1]->data[i] + decay * w[i];
    const double next = momentum * velocity[i] + g;
    v.y[0].data[i] = w[i] - rate * (nesterov ? g + momentum * next : next);
    v.y[1].data[i] = next;
  }
}

template <bool decoupled>
void eval_adam(const EvalContext& v) {
  const double rate = v.x[4]->data[0];
  const std::int64_t step = integer_operand(v, 5);
  if (step < 1) fail(v, fmt::format("step is {}, but counts from 1", step));
  const double beta1 = attr(v, "beta1"), beta2 = attr(v, "beta2");
  const double epsilon = attr(v, "epsilon"), decay = attr(v, "weight_decay");
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

void eval_adadelta(const EvalContext& v) {
  const double rate = v.x[4]->data[0], rho = attr(v, "rho");
  const double epsilon = attr(v, "epsilon"), decay = attr(v, "weight_decay");
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

std::vector<TensorType> infer_max_norm(const InferContext& v) {
  v.expect_dtype(0, DType::f32);
  if (v.type(0).shape.empty()) v.fail(describe(v, 0) + ", but must have columns");
  const double limit = float_attr(v.attrs, "limit");
  if (!(limit > 0) || !std::isfinite(limit)) {
    v.fail(fmt::format("limit is {}, but must be positive", limit));
  }
  return {v.type(0)};
}

void eval_max_norm(const EvalContext& v) {
  const Tensor& w = *v.x[0];
  const double limit = attr(v, "limit");
  for (std::int64_t o = 0; o < w.columns(); ++o) {
    double square = 0;
    for (std::int64_t n = 0; n < w.rows(); ++n) square += at(w, n, o) * at(w, n, o);
    const double factor = square > limit * limit ? limit / std::sqrt(square) : 1.0;
    for (std::int64_t n = 0; n < w.rows(); ++n) at(v.y[0], n, o) = at(w, n, o) * factor;
  }
}

std::vector<TensorType> infer_increment(const InferContext& v) {
  expect_scalar(v, 0, DType::i32);
  return {v.type(0)};
}

void eval_increment(const EvalContext& v) {
  const auto next = static_cast<double>(integer_operand(v, 0) + 1);
  v.y[0].data[0] = static_cast<double>(
      checked_index(v, next, -(std::int64_t{1} << 31), std::int64_t{1} << 31, "step + 1"));
}

PortDef like_w(std::string_view name) { return {name, "f32[..]"}; }
PortDef rate_port() { return {"rate", "f32[]"}; }
PortDef step_port() { return {"step", "i32[]"}; }
AttrDef decay_attr() { return {"weight_decay", "times w, added to the gradient", 0.0}; }

std::vector<AttrDef> adam_attrs(AttrDef decay) {
  return {{"beta1", "decay of the mean of g", 0.9},
          {"beta2", "decay of the mean of g^2", 0.999},
          {"epsilon", "added to the root", 1e-8},
          std::move(decay)};
}
std::vector<PortDef> adam_inputs() {
  return {like_w("w"), like_w("g"), like_w("m"), like_w("v"), rate_port(), step_port()};
}
std::vector<PortDef> adam_outputs() { return {like_w("new_w"), like_w("new_m"), like_w("new_v")}; }

template <int per_weight>
double flops_of_update(const Graph& graph, const Node& node, const ElementCount& count) {
  return per_weight * count(graph[node.inputs[0]].type);
}

}  // namespace

namespace ops {

const OpDef increment{
    .name = "increment",
    .doc = "step + 1",
    .inputs = {step_port()},
    .outputs = {{"next", "i32[]"}},
    .infer = infer_increment,
    .reference = eval_increment,
    .in_place = {1},
};

const OpDef sgd{
    .name = "sgd",
    .doc = "w - rate * g",
    .inputs = {like_w("w"), like_w("g"), rate_port()},
    .outputs = {like_w("new_w")},
    .attrs = {decay_attr()},
    .infer = infer_update<0>,
    .reference = eval_sgd,
    .in_place = {1},
    .flops = flops_of_update<4>,
};

// Nesterov's form as in Sutskever et al., "On the importance of initialization and momentum in deep
// learning", ICML 2013.
const OpDef momentum_sgd{
    .name = "momentum_sgd",
    .doc = "w - rate * velocity, where the velocity is momentum * velocity + g",
    .inputs = {like_w("w"), like_w("g"), like_w("velocity"), rate_port()},
    .outputs = {like_w("new_w"), like_w("new_velocity")},
    .attrs = {{"momentum", "the share of the velocity that stays", 0.9},
              {"nesterov", "1: look one step ahead", std::int64_t{0}},
              decay_attr()},
    .infer = infer_update<1>,
    .reference = eval_momentum_sgd,
    .in_place = {1, 3},
    .flops = flops_of_update<6>,
};

// Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
const OpDef adam{
    .name = "adam",
    .doc = "a step by the mean of g over the root of the mean of g^2, both bias-corrected",
    .inputs = adam_inputs(),
    .outputs = adam_outputs(),
    .attrs = adam_attrs(decay_attr()),
    .infer = infer_update<2>,
    .reference = eval_adam<false>,
    .in_place = {1, 3, 4},
    .flops = flops_of_update<14>,
};

// Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
const OpDef adamw{
    .name = "adamw",
    .doc = "adam, with the weights decayed by themselves, not through the gradient",
    .inputs = adam_inputs(),
    .outputs = adam_outputs(),
    .attrs = adam_attrs({"weight_decay", "times rate and w, taken from w", 0.0}),
    .infer = infer_update<2>,
    .reference = eval_adam<true>,
    .in_place = {1, 3, 4},
    .flops = flops_of_update<14>,
};

// Zeiler, "ADADELTA: an adaptive learning rate method", arXiv 1212.5701, 2012.
const OpDef adadelta{
    .name = "adadelta",
    .doc = "a step by g times the root mean square of past updates over that of past gradients",
    .inputs = {like_w("w"), like_w("g"), like_w("square_grad"), like_w("square_update"),
               rate_port()},
    .outputs = {like_w("new_w"), like_w("new_square_grad"), like_w("new_square_update")},
    .attrs = {{"rho", "decay of both means", 0.95},
              {"epsilon", "added to both means", 1e-6},
              decay_attr()},
    .infer = infer_update<2>,
    .reference = eval_adadelta,
    .in_place = {1, 3, 4},
    .flops = flops_of_update<14>,
};

// Srebro and Shraibman 2005; for networks Hinton et al., arXiv 1207.0580, 2012; Kim 2014 uses 3.
const OpDef max_norm{
    .name = "max_norm",
    .doc = "each output's weights (a column: all axes but the last) scaled to an L2 norm <= limit",
    .inputs = {{"w", "f32[.., O]"}},
    .outputs = {{"new_w", "f32[.., O]"}},
    .attrs = {required("limit", "the largest norm", 0.0)},
    .infer = infer_max_norm,
    .reference = eval_max_norm,
    .in_place = {1},
    .flops = flops_of_update<3>,
};

}  // namespace ops
}  // namespace weft
