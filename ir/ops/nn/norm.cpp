// Normalisation: layer_norm over the channels of each row, batch_norm over the rows of each
// channel.
#include <algorithm>
#include <cmath>

#include "ir/ops/common.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

// x f32[N, C], and a number per channel at every port from 1 to `last`.
const TensorType& expect_channels(const InferContext& v, std::size_t last) {
  const TensorType& x = expect_float(v, 0, 2);
  for (std::size_t port = 1; port <= last; ++port) expect_per_channel(v, port);
  if (v.attrs.contains("epsilon")) {
    const double epsilon = float_attr(v.attrs, "epsilon");
    if (epsilon <= 0) v.fail(fmt::format("epsilon is {}, but must be positive", epsilon));
  }
  return x;
}

// Only y may be differentiated; the statistics are there for the backward pass and for running
// means.
void expect_only_y(const GradientContext& g) {
  for (std::size_t i = 1; i < g.dy.size(); ++i) {
    if (g.dy[i] == kNoValue) continue;
    throw Error(g.node.location,
                fmt::format("{}: the gradient of {} is not defined", g.node.op->name,
                            g.node.op->outputs[i].name),
                "use y only where a loss depends on it");
  }
}

void set_gradients(GradientContext& g, const OpDef& op, std::vector<ValueId> operands) {
  expect_only_y(g);
  const auto dx = g.graph.append(op, std::move(operands), {}, g.node.location);
  std::ranges::copy(dx, g.dx.begin());
}

double rsqrt(double x) { return 1.0 / std::sqrt(x); }

// layer_norm

std::vector<TensorType> infer_layer_norm(const InferContext& v) {
  const TensorType& x = expect_channels(v, 2);
  const TensorType per_row = float_type({x.shape[0]});
  return {x, per_row, per_row};
}

void eval_layer_norm(const EvalContext& v) {
  const Tensor &x = *v.x[0], &gamma = *v.x[1], &beta = *v.x[2];
  const auto channels = static_cast<double>(x.columns());
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    double mean = 0, square = 0;
    for (std::int64_t c = 0; c < x.columns(); ++c) mean += at(x, n, c) / channels;
    for (std::int64_t c = 0; c < x.columns(); ++c) {
      square += (at(x, n, c) - mean) * (at(x, n, c) - mean) / channels;
    }
    const double rstd = rsqrt(square + float_attr(v.node.attrs, "epsilon"));
    for (std::int64_t c = 0; c < x.columns(); ++c) {
      at(v.y[0], n, c) = (at(x, n, c) - mean) * rstd * at(gamma, 0, c) + at(beta, 0, c);
    }
    at(v.y[1], 0, n) = mean;
    at(v.y[2], 0, n) = rstd;
  }
}

void gradient_layer_norm(GradientContext& g) {
  set_gradients(g, ops::layer_norm_grad, {g.in(0), g.in(1), g.out(1), g.out(2), g.dy[0]});
}

std::vector<TensorType> infer_layer_norm_grad(const InferContext& v) {
  const TensorType& x = expect_channels(v, 1);
  v.expect_same(2, float_type({x.shape[0]}));
  v.expect_same(3, float_type({x.shape[0]}));
  v.expect_same(4, x);
  return {x, v.type(1), v.type(1)};
}

void eval_layer_norm_grad(const EvalContext& v) {
  const Tensor &x = *v.x[0], &gamma = *v.x[1], &dy = *v.x[4];
  const auto channels = static_cast<double>(x.columns());
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    const double mean = at(*v.x[2], 0, n), rstd = at(*v.x[3], 0, n);
    double sum = 0, dot = 0;  // of d(normalised x), and of it times normalised x
    for (std::int64_t c = 0; c < x.columns(); ++c) {
      const double normal = (at(x, n, c) - mean) * rstd, d = at(dy, n, c) * at(gamma, 0, c);
      sum += d / channels;
      dot += d * normal / channels;
      at(v.y[1], 0, c) += at(dy, n, c) * normal;
      at(v.y[2], 0, c) += at(dy, n, c);
    }
    for (std::int64_t c = 0; c < x.columns(); ++c) {
      const double normal = (at(x, n, c) - mean) * rstd, d = at(dy, n, c) * at(gamma, 0, c);
      at(v.y[0], n, c) = rstd * (d - sum - normal * dot);
    }
  }
}

// batch_norm

std::vector<TensorType> infer_batch_norm(const InferContext& v) {
  const TensorType& x = expect_channels(v, 4);
  return {x, v.type(1), v.type(1), v.type(1), v.type(1)};
}

// The running variance is of the unbiased estimate. No rows: the running statistics stay as they
// are.
void eval_batch_norm(const EvalContext& v) {
  const Tensor& x = *v.x[0];
  const auto rows = static_cast<double>(x.rows());
  const double momentum = x.rows() > 0 ? float_attr(v.node.attrs, "momentum") : 0.0;
  for (std::int64_t c = 0; c < x.columns(); ++c) {
    double mean = 0, variance = 0;
    for (std::int64_t n = 0; n < x.rows(); ++n) mean += at(x, n, c) / rows;
    for (std::int64_t n = 0; n < x.rows(); ++n) {
      variance += (at(x, n, c) - mean) * (at(x, n, c) - mean) / rows;
    }
    const double rstd = rsqrt(variance + float_attr(v.node.attrs, "epsilon"));
    for (std::int64_t n = 0; n < x.rows(); ++n) {
      at(v.y[0], n, c) = (at(x, n, c) - mean) * rstd * at(*v.x[1], 0, c) + at(*v.x[2], 0, c);
    }
    const double unbiased = variance * rows / std::max(rows - 1.0, 1.0);
    at(v.y[1], 0, c) = mean;
    at(v.y[2], 0, c) = rstd;
    at(v.y[3], 0, c) = (1.0 - momentum) * at(*v.x[3], 0, c) + momentum * mean;
    at(v.y[4], 0, c) = (1.0 - momentum) * at(*v.x[4], 0, c) + momentum * unbiased;
  }
}

void gradient_batch_norm(GradientContext& g) {
  set_gradients(g, ops::batch_norm_grad, {g.in(0), g.in(1), g.out(1), g.out(2), g.dy[0]});
}

std::vector<TensorType> infer_batch_norm_grad(const InferContext& v) {
  const TensorType& x = expect_channels(v, 3);
  v.expect_same(4, x);
  return {x, v.type(1), v.type(1)};
}

void eval_batch_norm_grad(const EvalContext& v) {
  const Tensor &x = *v.x[0], &dy = *v.x[4];
  const auto rows = static_cast<double>(x.rows());
  for (std::int64_t c = 0; c < x.columns(); ++c) {
    const double gamma = at(*v.x[1], 0, c), mean = at(*v.x[2], 0, c), rstd = at(*v.x[3], 0, c);
    double sum = 0, dot = 0;  // of dy, and of dy times normalised x
    for (std::int64_t n = 0; n < x.rows(); ++n) {
      sum += at(dy, n, c);
      dot += at(dy, n, c) * (at(x, n, c) - mean) * rstd;
    }
    for (std::int64_t n = 0; n < x.rows(); ++n) {
      const double normal = (at(x, n, c) - mean) * rstd;
      at(v.y[0], n, c) = gamma * rstd * (at(dy, n, c) - sum / rows - normal * dot / rows);
    }
    at(v.y[1], 0, c) = dot;
    at(v.y[2], 0, c) = sum;
  }
}

// A program that only predicts uses the running statistics; nothing in it asks for rstd.
std::vector<ValueId> inference_batch_norm(Graph& target, const Node& node) {
  const ValueId mean = node.inputs[3], variance = node.inputs[4];
  const ValueId y = target.add(ops::batch_norm_inference,
                               {node.inputs[0], node.inputs[1], node.inputs[2], mean, variance},
                               {{"epsilon", node.attrs.at("epsilon")}}, node.location);
  return {y, mean, kNoValue, mean, variance};
}

// batch_norm_inference

std::vector<TensorType> infer_batch_norm_inference(const InferContext& v) {
  return {expect_channels(v, 4)};
}

void eval_batch_norm_inference(const EvalContext& v) {
  const Tensor& x = *v.x[0];
  for (std::int64_t c = 0; c < x.columns(); ++c) {
    const double rstd = rsqrt(at(*v.x[4], 0, c) + float_attr(v.node.attrs, "epsilon"));
    for (std::int64_t n = 0; n < x.rows(); ++n) {
      at(v.y[0], n, c) =
          (at(x, n, c) - at(*v.x[3], 0, c)) * rstd * at(*v.x[1], 0, c) + at(*v.x[2], 0, c);
    }
  }
}

// The op itself normalises: dx is dy through it without mean and beta, and the normalised x that
// dgamma needs is x through it with gamma 1 and beta 0. The statistics are constants.
void gradient_batch_norm_inference(GradientContext& g) {
  const auto fill = [&](double value) {
    const std::int64_t channels = g.type(g.in(1)).shape[0].value;
    return g.emit(
        ops::constant, {},
        {{"shape", std::vector<std::int64_t>{channels}}, {"value", std::vector<double>{value}}});
  };
  const std::vector<std::int64_t> rows{0};
  const ValueId x = g.in(0), gamma = g.in(1), mean = g.in(3), variance = g.in(4), dy = g.dy[0];
  const ValueId zeros = fill(0.0);
  if (g.needs_grad[0]) {
    g.dx[0] = g.emit(ops::batch_norm_inference, {dy, gamma, zeros, zeros, variance}, g.node.attrs);
  }
  if (g.needs_grad[1]) {
    const ValueId normal =
        g.emit(ops::batch_norm_inference, {x, fill(1.0), zeros, mean, variance}, g.node.attrs);
    g.dx[1] = g.emit(ops::reduce_sum, {g.emit(ops::mul, {dy, normal})}, {{"axes", rows}});
  }
  if (g.needs_grad[2]) g.dx[2] = g.emit(ops::reduce_sum, {dy}, {{"axes", rows}});
}

AttrDef epsilon_attr() { return {"epsilon", "added to the variance", 1e-5}; }

template <int per_element>
double flops_of_norm(const Graph& graph, const Node& node, const ElementCount& count) {
  return per_element * count(graph[node.inputs[0]].type);
}

}  // namespace

namespace ops {

// Ba, Kiros and Hinton, "Layer normalization", arXiv 1607.06450, 2016.
const OpDef layer_norm{
    .name = "layer_norm",
    .doc = "each row scaled to mean 0 and variance 1, then by gamma and beta per channel",
    .inputs = {{"x", "f32[N, C]"},
               {"gamma", "f32[C]", Arity::one, OperandRole::weight},
               {"beta", "f32[C]", Arity::one, OperandRole::weight}},
    .outputs = {{"y", "f32[N, C]"},
                {"mean", "f32[N]", Arity::one, OperandRole::statistic},
                {"rstd", "f32[N]", Arity::one, OperandRole::statistic}},
    .attrs = {epsilon_attr()},
    .infer = infer_layer_norm,
    .reference = eval_layer_norm,
    .gradient = gradient_layer_norm,
    .in_place = {1, 0, 0},
    .rowwise = true,
    .flops = flops_of_norm<8>,
};

const OpDef layer_norm_grad{
    .name = "layer_norm_grad",
    .doc = "the gradients of layer_norm",
    .inputs = {{"x", "f32[N, C]"},
               {"gamma", "f32[C]", Arity::one, OperandRole::weight},
               {"mean", "f32[N]", Arity::one, OperandRole::statistic},
               {"rstd", "f32[N]", Arity::one, OperandRole::statistic},
               {"dy", "f32[N, C]"}},
    .outputs = {{"dx", "f32[N, C]"}, {"dgamma", "f32[C]"}, {"dbeta", "f32[C]"}},
    .infer = infer_layer_norm_grad,
    .reference = eval_layer_norm_grad,
    .in_place = {5, 0, 0},
    .flops = flops_of_norm<14>,
};

// Ioffe and Szegedy, "Batch normalization", ICML 2015.
const OpDef batch_norm{
    .name = "batch_norm",
    .doc = "each channel scaled to mean 0 and variance 1 over the rows, then by gamma and beta",
    .inputs = {{"x", "f32[N, C]"},
               {"gamma", "f32[C]", Arity::one, OperandRole::weight},
               {"beta", "f32[C]", Arity::one, OperandRole::weight},
               {"running_mean", "f32[C]", Arity::one, OperandRole::statistic},
               {"running_var", "f32[C]", Arity::one, OperandRole::statistic}},
    .outputs = {{"y", "f32[N, C]"},
                {"mean", "f32[C]", Arity::one, OperandRole::statistic},
                {"rstd", "f32[C]", Arity::one, OperandRole::statistic},
                {"new_running_mean", "f32[C]", Arity::one, OperandRole::statistic},
                {"new_running_var", "f32[C]", Arity::one, OperandRole::statistic}},
    .attrs = {epsilon_attr(),
              {.name = "momentum",
               .doc = "the share of the new batch in the running statistics",
               .default_value = 0.1,
               .low = 0,
               .high = 1}},
    .infer = infer_batch_norm,
    .reference = eval_batch_norm,
    .gradient = gradient_batch_norm,
    .in_place = {1, 0, 0, 4, 5},
    .inference = inference_batch_norm,
    .flops = flops_of_norm<8>,
};

const OpDef batch_norm_grad{
    .name = "batch_norm_grad",
    .doc = "the gradients of batch_norm",
    .inputs = {{"x", "f32[N, C]"},
               {"gamma", "f32[C]", Arity::one, OperandRole::weight},
               {"mean", "f32[C]", Arity::one, OperandRole::statistic},
               {"rstd", "f32[C]", Arity::one, OperandRole::statistic},
               {"dy", "f32[N, C]"}},
    .outputs = {{"dx", "f32[N, C]"}, {"dgamma", "f32[C]"}, {"dbeta", "f32[C]"}},
    .infer = infer_batch_norm_grad,
    .reference = eval_batch_norm_grad,
    .in_place = {5, 0, 0},
    .flops = flops_of_norm<14>,
};

const OpDef batch_norm_inference{
    .name = "batch_norm_inference",
    .doc = "batch_norm with given statistics: no row depends on another",
    .inputs = {{"x", "f32[N, C]"},
               {"gamma", "f32[C]", Arity::one, OperandRole::weight},
               {"beta", "f32[C]", Arity::one, OperandRole::weight},
               {"mean", "f32[C]", Arity::one, OperandRole::statistic},
               {"var", "f32[C]", Arity::one, OperandRole::statistic}},
    .outputs = {{"y", "f32[N, C]"}},
    .attrs = {epsilon_attr()},
    .infer = infer_batch_norm_inference,
    .reference = eval_batch_norm_inference,
    .gradient = gradient_batch_norm_inference,
    .in_place = {1},
    .flops = flops_of_norm<4>,
};

}  // namespace ops
}  // namespace weft
