// Pooling over whole sequences: one row per example. An empty sequence pools to zero.
#include "ir/ops/nn/pool.h"

#include "ir/ops/common.h"
#include "ir/ops/nn/activation.h"
#include "ir/ops/nn/sequence.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

std::vector<TensorType> infer_max_pool(const InferContext& v) {
  const Shape shape = pooled_shape_of(v, 1);
  if (v.has(2)) expect_per_channel(v, 2);
  expect_activation(v);
  return {float_type(shape), int_type(shape)};
}

std::vector<TensorType> infer_mean_pool(const InferContext& v) {
  return {float_type(pooled_shape_of(v, 1))};
}

void eval_max_pool(const EvalContext& v) {
  const Tensor& x = *v.x[0];
  const auto offsets = offsets_of(v, 1, x.rows());
  Tensor &y = v.y[0], &argmax = v.y[1];
  const Activation act = act_attr(v.node.attrs);
  for (std::int64_t b = 0; b < y.rows(); ++b) {
    const auto first = offsets[static_cast<std::size_t>(b)];
    const auto last = offsets[static_cast<std::size_t>(b) + 1];
    for (std::int64_t c = 0; c < x.columns(); ++c) {
      std::int64_t best = first < last ? first : -1;
      for (std::int64_t t = first; t < last; ++t) {
        if (at(x, t, c) > at(x, best, c)) best = t;
      }
      at(argmax, b, c) = static_cast<double>(best);
      if (best < 0) continue;
      const double bias = v.x[2] == nullptr ? 0.0 : at(*v.x[2], 0, c);
      at(y, b, c) = activate(act, at(x, best, c) + bias);
    }
  }
}

void gradient_max_pool(GradientContext& g) {
  if (g.dy[0] == kNoValue) return;
  const ValueId dz = gradient_before(g, act_attr(g.node.attrs), g.out(), g.dy[0]);
  if (g.needs_grad[0]) g.dx[0] = g.emit(ops::max_pool_grad, {dz, g.out(1), g.in(1)});
  if (g.in(2) != kNoValue && g.needs_grad[2]) g.dx[2] = pooled_bias_gradient(g, dz, g.in(1));
}

std::vector<TensorType> infer_max_pool_grad(const InferContext& v) {
  v.expect_same(1, int_type(v.type(0).shape));
  return {unpooled_type_of(v, 2)};
}

void eval_max_pool_grad(const EvalContext& v) {
  const Tensor &dy = *v.x[0], &argmax = *v.x[1];
  Tensor& dx = v.y[0];
  const auto offsets = offsets_of(v, 2, dx.rows());
  for (std::int64_t b = 0; b < dy.rows(); ++b) {
    const auto first = offsets[static_cast<std::size_t>(b)];
    const auto last = offsets[static_cast<std::size_t>(b) + 1];
    if (first == last) continue;
    for (std::int64_t c = 0; c < dy.columns(); ++c) {
      const std::int64_t t =
          checked_index(v, at(argmax, b, c), first, last, fmt::format("argmax[{}, {}]", b, c));
      at(dx, t, c) += at(dy, b, c);
    }
  }
}

void eval_mean_pool(const EvalContext& v) {
  const Tensor& x = *v.x[0];
  const auto offsets = offsets_of(v, 1, x.rows());
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    const auto row = static_cast<std::int64_t>(b);
    const auto length = static_cast<double>(offsets[b + 1] - offsets[b]);
    for (std::int64_t t = offsets[b]; t < offsets[b + 1]; ++t) {
      for (std::int64_t c = 0; c < x.columns(); ++c) at(v.y[0], row, c) += at(x, t, c) / length;
    }
  }
}

void gradient_mean_pool(GradientContext& g) {
  g.dx[0] = g.emit(ops::mean_pool_grad, {g.dy[0], g.in(1)});
}

std::vector<TensorType> infer_mean_pool_grad(const InferContext& v) {
  return {unpooled_type_of(v, 1)};
}

void eval_mean_pool_grad(const EvalContext& v) {
  const Tensor& dy = *v.x[0];
  Tensor& dx = v.y[0];
  const auto offsets = offsets_of(v, 1, dx.rows());
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    const auto row = static_cast<std::int64_t>(b);
    const auto length = static_cast<double>(offsets[b + 1] - offsets[b]);
    for (std::int64_t t = offsets[b]; t < offsets[b + 1]; ++t) {
      for (std::int64_t c = 0; c < dy.columns(); ++c) at(dx, t, c) = at(dy, row, c) / length;
    }
  }
}

std::vector<TensorType> infer_mask_empty_sequences(const InferContext& v) {
  unpooled_type_of(v, 1);
  return {v.type(0)};
}

void eval_mask_empty_sequences(const EvalContext& v) {
  const Tensor &x = *v.x[0], &offsets = *v.x[1];
  for (std::int64_t b = 0; b < x.rows(); ++b) {
    if (at(offsets, 0, b) == at(offsets, 0, b + 1)) continue;
    for (std::int64_t c = 0; c < x.columns(); ++c) at(v.y[0], b, c) = at(x, b, c);
  }
}

double flops_per_input(const Graph& graph, const Node& node, const ElementCount& count) {
  return count(graph[node.inputs[0]].type);
}

}  // namespace

Shape pooled_shape_of(const InferContext& v, std::size_t offsets) {
  const Shape& x = expect_float(v, 0, 2).shape;
  v.expect_offsets(offsets, x[0]);
  return {examples_of(v.type(offsets)), x[1]};
}

TensorType unpooled_type_of(const InferContext& v, std::size_t offsets) {
  const Shape& dy = expect_float(v, 0, 2).shape;
  const Dim rows = rows_of(v, offsets);
  if (dy[0] != examples_of(v.type(offsets))) {
    v.fail(fmt::format("{} but {}", describe(v, 0), describe(v, offsets)),
           "dy holds one row per sequence");
  }
  return float_type({rows, dy[1]});
}

ValueId pooled_bias_gradient(const GradientContext& g, ValueId dz, ValueId offsets) {
  const Activation act = act_attr(g.node.attrs);
  if (act != Activation::relu)
    dz = g.emit(ops::mask_empty_sequences, {dz, offsets});  // relu's slope at 0 is 0
  return g.emit(ops::reduce_sum, {dz}, {{"axes", std::vector<std::int64_t>{0}}});
}

namespace ops {

const OpDef max_pool{
    .name = "max_pool",
    .doc =
        "act(the maximum of each channel over each sequence + bias), and the row it was first "
        "found in",
    .inputs = {{"x", "f32[T, C]"},
               {"offsets", "i32[B+1 -> T]"},
               {"bias", "f32[C]", Arity::optional, OperandRole::weight}},
    .outputs = {{"y", "f32[B, C]"}, {"argmax", "i32[B, C]", Arity::optional}},
    .attrs = {{"act", "an activation, or \"\"", std::string()}},
    .infer = infer_max_pool,
    .reference = eval_max_pool,
    .gradient = gradient_max_pool,
    .strided = true,
    .bias_port = 3,
    .flops = flops_per_input,
};

const OpDef max_pool_grad{
    .name = "max_pool_grad",
    .doc = "dy at the rows that held the maxima, 0 elsewhere",
    .inputs = {{"dy", "f32[B, C]"}, {"argmax", "i32[B, C]"}, {"offsets", "i32[B+1 -> T]"}},
    .outputs = {{"dx", "f32[T, C]"}},
    .infer = infer_max_pool_grad,
    .reference = eval_max_pool_grad,
    .flops = flops_per_input,
};

const OpDef mean_pool{
    .name = "mean_pool",
    .doc = "the mean of each channel over each sequence",
    .inputs = {{"x", "f32[T, C]"}, {"offsets", "i32[B+1 -> T]"}},
    .outputs = {{"y", "f32[B, C]"}},
    .infer = infer_mean_pool,
    .reference = eval_mean_pool,
    .gradient = gradient_mean_pool,
    .strided = true,
    .flops = flops_per_input,
};

const OpDef mean_pool_grad{
    .name = "mean_pool_grad",
    .doc = "each sequence's dy, divided by its length, in each of its rows",
    .inputs = {{"dy", "f32[B, C]"}, {"offsets", "i32[B+1 -> T]"}},
    .outputs = {{"dx", "f32[T, C]"}},
    .infer = infer_mean_pool_grad,
    .reference = eval_mean_pool_grad,
};

const OpDef mask_empty_sequences{
    .name = "mask_empty_sequences",
    .doc = "x, with zeros in the rows of empty sequences",
    .inputs = {{"x", "f32[B, C]"}, {"offsets", "i32[B+1 -> T]"}},
    .outputs = {{"y", "f32[B, C]"}},
    .infer = infer_mask_empty_sequences,
    .reference = eval_mask_empty_sequences,
    .gradient =
        [](GradientContext& g) {
          g.dx[0] = g.emit(ops::mask_empty_sequences, {g.dy[0], g.in(1)});
        },
    .in_place = {1},
    .former_name = "zero_empty",
};

}  // namespace ops
}  // namespace weft
