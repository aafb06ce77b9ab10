// Pooling over whole sequences: one row per example. An empty sequence pools to zero.
#include "ir/ops/common.h"
#include "ir/ops/ops.h"
#include "ir/ops/sequence.h"

namespace weft {
namespace {

Shape pooled_shape(const InferView& v) {
  const Shape& x = expect_float(v, 0, 2).shape;
  v.expect_offsets(1, x[0]);
  return {examples_of(v.type(1)), x[1]};
}

std::vector<TensorType> infer_max_pool(const InferView& v) {
  const Shape shape = pooled_shape(v);
  return {float_type(shape), int_type(shape)};
}

std::vector<TensorType> infer_mean_pool(const InferView& v) {
  return {float_type(pooled_shape(v))};
}

void eval_max_pool(const EvalView& v) {
  const Tensor& x = *v.x[0];
  const auto offsets = offsets_of(v, 1, x.rows());
  Tensor &y = v.y[0], &where = v.y[1];
  for (std::int64_t b = 0; b < y.rows(); ++b) {
    const auto first = offsets[static_cast<std::size_t>(b)];
    const auto last = offsets[static_cast<std::size_t>(b) + 1];
    for (std::int64_t c = 0; c < x.columns(); ++c) {
      std::int64_t best = first < last ? first : -1;
      for (std::int64_t t = first; t < last; ++t) {
        if (at(x, t, c) > at(x, best, c)) best = t;
      }
      at(y, b, c) = best < 0 ? 0.0 : at(x, best, c);
      at(where, b, c) = static_cast<double>(best);
    }
  }
}

void gradient_max_pool(GradientView& g) {
  if (g.dy[0] == kNoValue) return;
  g.dx[0] = g.emit(ops::max_pool_grad, {g.dy[0], g.out(1), g.in(1)});
}

// dy with one row per sequence of the offsets at `port`.
TensorType infer_dx(const InferView& v, std::size_t port) {
  const Shape& dy = expect_float(v, 0, 2).shape;
  const Dim rows = rows_of(v, port);
  if (dy[0] != examples_of(v.type(port))) {
    v.fail(fmt::format("{} but {}", describe(v, 0), describe(v, port)),
           "dy holds one row per sequence");
  }
  return float_type({rows, dy[1]});
}

std::vector<TensorType> infer_max_pool_grad(const InferView& v) {
  v.expect_same(1, int_type(v.type(0).shape));
  return {infer_dx(v, 2)};
}

void eval_max_pool_grad(const EvalView& v) {
  const Tensor &dy = *v.x[0], &where = *v.x[1];
  Tensor& dx = v.y[0];
  const auto offsets = offsets_of(v, 2, dx.rows());
  for (std::int64_t b = 0; b < dy.rows(); ++b) {
    const auto first = offsets[static_cast<std::size_t>(b)];
    const auto last = offsets[static_cast<std::size_t>(b) + 1];
    if (first == last) continue;
    for (std::int64_t c = 0; c < dy.columns(); ++c) {
      const std::int64_t t =
          checked_index(v, at(where, b, c), first, last, fmt::format("where[{}, {}]", b, c));
      at(dx, t, c) += at(dy, b, c);
    }
  }
}

void eval_mean_pool(const EvalView& v) {
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

void gradient_mean_pool(GradientView& g) {
  g.dx[0] = g.emit(ops::mean_pool_grad, {g.dy[0], g.in(1)});
}

std::vector<TensorType> infer_mean_pool_grad(const InferView& v) { return {infer_dx(v, 1)}; }

void eval_mean_pool_grad(const EvalView& v) {
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

double flops_per_input(const Graph& graph, const Node& node, const ElementCount& count) {
  return count(graph[node.inputs[0]].type);
}

}  // namespace

namespace ops {

const OpDef max_pool{
    .name = "max_pool",
    .doc = "the maximum of each channel over each sequence, and the row it was first found in",
    .inputs = {{"x", "f32[T, C]"}, {"offsets", "i32[B+1 -> T]"}},
    .outputs = {{"y", "f32[B, C]"}, {"where", "i32[B, C]"}},
    .infer = infer_max_pool,
    .reference = eval_max_pool,
    .gradient = gradient_max_pool,
    .flops = flops_per_input,
};

const OpDef max_pool_grad{
    .name = "max_pool_grad",
    .doc = "dy at the rows that held the maxima, 0 elsewhere",
    .inputs = {{"dy", "f32[B, C]"}, {"where", "i32[B, C]"}, {"offsets", "i32[B+1 -> T]"}},
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

}  // namespace ops
}  // namespace weft
