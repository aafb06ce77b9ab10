// Sums, means and maxima over some dimensions, and broadcast_like, which goes back. Over no
// elements each of them is 0.
#include <algorithm>

#include "ir/ops/common.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

// The attribute `axes`: increasing dimensions of `shape`.
std::vector<std::int64_t> checked_axes(const InferContext& v, std::size_t port) {
  std::vector<std::int64_t> axes = ints_attr(v.attrs, "axes");
  const auto rank = static_cast<std::int64_t>(v.type(port).shape.size());
  std::int64_t last = -1;
  for (const std::int64_t axis : axes) {
    if (axis <= last || axis >= rank) {
      v.fail(fmt::format("axes=[{}], but {}", fmt::join(axes, ", "), describe(v, port)),
             fmt::format("name dimensions from 0 to {}, in order, each once", rank - 1));
    }
    last = axis;
  }
  if (axes.empty()) v.fail("axes is empty", "name at least one dimension, e.g. axes=[0]");
  return axes;
}

TensorType without(const TensorType& x, const std::vector<std::int64_t>& axes) {
  Shape kept;
  for (std::size_t i = 0; i < x.shape.size(); ++i) {
    if (!std::ranges::count(axes, static_cast<std::int64_t>(i))) kept.push_back(x.shape[i]);
  }
  return float_type(kept);
}

std::vector<TensorType> infer_reduce(const InferContext& v) {
  v.expect_dtype(0, DType::f32);
  return {without(v.type(0), checked_axes(v, 0))};
}

std::vector<TensorType> infer_broadcast_like(const InferContext& v) {
  v.expect_dtype(1, DType::f32);
  v.expect_same(0, without(v.type(1), checked_axes(v, 1)));
  return {v.type(1)};
}

std::vector<TensorType> infer_reduce_max_grad(const InferContext& v) {
  v.expect_dtype(0, DType::f32);
  const TensorType reduced = without(v.type(0), checked_axes(v, 0));
  v.expect_same(1, reduced);
  v.expect_same(2, reduced);
  return {v.type(0)};
}

// For each element of a tensor of this shape, in order, the element it is reduced into.
std::vector<std::size_t> reduced_index(const Extents& shape, const Attrs& attrs) {
  std::vector<std::size_t> strides(shape.size(), 0);  // in the reduced tensor; 0 along the axes
  const std::vector<std::int64_t> axes = ints_attr(attrs, "axes");
  std::size_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (std::ranges::count(axes, static_cast<std::int64_t>(i))) continue;
    strides[i] = stride;
    stride *= static_cast<std::size_t>(shape[i]);
  }
  std::vector<std::size_t> index(static_cast<std::size_t>(product(shape, 0, shape.size())));
  for (std::size_t element = 0; element < index.size(); ++element) {
    std::size_t rest = element;
    for (std::size_t i = shape.size(); i-- > 0;) {
      const auto extent = static_cast<std::size_t>(shape[i]);
      index[element] += rest % extent * strides[i];
      rest /= extent;
    }
  }
  return index;
}

// How many elements are reduced into one.
double reduced_count(const Tensor& whole, const Tensor& reduced) {
  return static_cast<double>(whole.size()) / static_cast<double>(reduced.size());
}

void eval_reduce_sum(const EvalContext& v) {
  const std::vector<std::size_t> index = reduced_index(v.x[0]->shape, v.node.attrs);
  for (std::size_t i = 0; i < index.size(); ++i) v.y[0].data[index[i]] += v.x[0]->data[i];
}

void eval_reduce_mean(const EvalContext& v) {
  eval_reduce_sum(v);
  if (v.x[0]->size() == 0) return;
  for (double& y : v.y[0].data) y /= reduced_count(*v.x[0], v.y[0]);
}

void eval_reduce_max(const EvalContext& v) {
  const std::vector<std::size_t> index = reduced_index(v.x[0]->shape, v.node.attrs);
  std::vector<bool> seen(v.y[0].data.size(), false);
  for (std::size_t i = 0; i < index.size(); ++i) {
    double& y = v.y[0].data[index[i]];
    if (!seen[index[i]] || v.x[0]->data[i] > y) y = v.x[0]->data[i];
    seen[index[i]] = true;
  }
}

void eval_broadcast_like(const EvalContext& v) {
  const std::vector<std::size_t> index = reduced_index(v.y[0].shape, v.node.attrs);
  for (std::size_t i = 0; i < index.size(); ++i) v.y[0].data[i] = v.x[0]->data[index[i]];
}

void eval_reduce_mean_grad(const EvalContext& v) {
  eval_broadcast_like(v);
  for (double& dx : v.y[0].data) dx /= reduced_count(v.y[0], *v.x[0]);
}

void eval_reduce_max_grad(const EvalContext& v) {
  const Tensor &x = *v.x[0], &y = *v.x[1], &dy = *v.x[2];
  const std::vector<std::size_t> index = reduced_index(x.shape, v.node.attrs);
  std::vector<bool> seen(y.data.size(), false);
  for (std::size_t i = 0; i < index.size(); ++i) {
    if (seen[index[i]] || x.data[i] != y.data[index[i]]) continue;
    v.y[0].data[i] = dy.data[index[i]];
    seen[index[i]] = true;
  }
}

void gradient_reduce_sum(GradientContext& g) {
  g.dx[0] = g.emit(ops::broadcast_like, {g.dy[0], g.in(0)}, g.node.attrs);
}

void gradient_reduce_mean(GradientContext& g) {
  g.dx[0] = g.emit(ops::reduce_mean_grad, {g.dy[0], g.in(0)}, g.node.attrs);
}

void gradient_reduce_max(GradientContext& g) {
  g.dx[0] = g.emit(ops::reduce_max_grad, {g.in(0), g.out(), g.dy[0]}, g.node.attrs);
}

void gradient_broadcast_like(GradientContext& g) {
  g.dx[0] = g.emit(ops::reduce_sum, {g.dy[0]}, g.node.attrs);
}

double flops_per_input(const Graph& graph, const Node& node, const ElementCount& count) {
  return count(graph[node.inputs[0]].type);
}

std::vector<AttrDef> axes_attr() {
  return {required("axes", "the dimensions that vanish, in order", std::vector<std::int64_t>{})};
}

}  // namespace

namespace ops {

const OpDef reduce_sum{
    .name = "reduce_sum",
    .doc = "the sum over some dimensions",
    .inputs = {{"x", "f32[..]"}},
    .outputs = {{"y", "f32[..]"}},
    .attrs = axes_attr(),
    .infer = infer_reduce,
    .reference = eval_reduce_sum,
    .gradient = gradient_reduce_sum,
    .flops = flops_per_input,
};

const OpDef reduce_mean{
    .name = "reduce_mean",
    .doc = "the mean over some dimensions",
    .inputs = {{"x", "f32[..]"}},
    .outputs = {{"y", "f32[..]"}},
    .attrs = axes_attr(),
    .infer = infer_reduce,
    .reference = eval_reduce_mean,
    .gradient = gradient_reduce_mean,
    .flops = flops_per_input,
};

const OpDef reduce_mean_grad{
    .name = "reduce_mean_grad",
    .doc = "broadcast_like, divided by the number of elements that each mean was taken of",
    .inputs = {{"dy", "f32[..]"}, {"like", "f32[..]"}},
    .outputs = {{"dx", "f32[..]"}},
    .attrs = axes_attr(),
    .infer = infer_broadcast_like,
    .reference = eval_reduce_mean_grad,
};

const OpDef reduce_max{
    .name = "reduce_max",
    .doc = "the maximum over some dimensions",
    .inputs = {{"x", "f32[..]"}},
    .outputs = {{"y", "f32[..]"}},
    .attrs = axes_attr(),
    .infer = infer_reduce,
    .reference = eval_reduce_max,
    .gradient = gradient_reduce_max,
    .flops = flops_per_input,
};

const OpDef reduce_max_grad{
    .name = "reduce_max_grad",
    .doc = "dy at the first element that equals each maximum, 0 elsewhere",
    .inputs = {{"x", "f32[..]"}, {"y", "f32[..]"}, {"dy", "f32[..]"}},
    .outputs = {{"dx", "f32[..]"}},
    .attrs = axes_attr(),
    .infer = infer_reduce_max_grad,
    .reference = eval_reduce_max_grad,
};

const OpDef broadcast_like{
    .name = "broadcast_like",
    .doc = "x repeated along some dimensions, to the shape of `like`",
    .inputs = {{"x", "f32[..]"}, {"like", "f32[..]"}},
    .outputs = {{"y", "f32[..]"}},
    .attrs = axes_attr(),
    .infer = infer_broadcast_like,
    .reference = eval_broadcast_like,
    .gradient = gradient_broadcast_like,
    .flops = [](const Graph&, const Node&, const ElementCount&) { return 0.0; },
};

}  // namespace ops
}  // namespace weft
