// Limits on a training step: gradients clipped number by number or by their common norm, and
// weights by theirs.
#include <algorithm>
#include <cmath>

#include "ir/ops/common.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

void check_limit(const InferContext& v) {
  const double limit = float_attr(v.attrs, "limit");
  if (limit <= 0) v.fail(fmt::format("limit is {}, but must be positive", limit));
}

std::vector<TensorType> infer_clip(const InferContext& v) {
  v.expect_dtype(0, DType::f32);
  check_limit(v);
  return {v.type(0)};
}

void eval_clip(const EvalContext& v) {
  const double limit = float_attr(v.node.attrs, "limit");
  for (std::size_t i = 0; i < v.x[0]->data.size(); ++i) {
    v.y[0].data[i] = std::clamp(v.x[0]->data[i], -limit, limit);
  }
}

std::vector<TensorType> infer_clip_factor(const InferContext& v) {
  for (std::size_t port = 0; port < v.inputs.size(); ++port) {
    const TensorType& type = v.type(port);
    if (type.dtype == DType::f32) continue;
    v.fail(fmt::format("g[{}] is {}, but must be f32", port, to_string(type)));
  }
  check_limit(v);
  return {float_type({})};
}

void eval_clip_factor(const EvalContext& v) {
  const double limit = float_attr(v.node.attrs, "limit");
  double square = 0;
  for (const Tensor* g : v.x) {
    for (const double x : g->data) square += x * x;
  }
  v.y[0].data[0] = square > limit * limit ? limit / std::sqrt(square) : 1.0;
}

std::vector<TensorType> infer_scale_by(const InferContext& v) {
  v.expect_dtype(0, DType::f32);
  expect_scalar(v, 1, DType::f32);
  return {v.type(0)};
}

void eval_scale_by(const EvalContext& v) {
  const double factor = v.x[1]->data[0];
  for (std::size_t i = 0; i < v.x[0]->data.size(); ++i) v.y[0].data[i] = v.x[0]->data[i] * factor;
}

double flops_of_clip_factor(const Graph& graph, const Node& node, const ElementCount& count) {
  double flops = 0;
  for (const ValueId id : node.inputs) flops += 2 * count(graph[id].type);
  return flops;
}

std::vector<TensorType> infer_max_norm(const InferContext& v) {
  v.expect_dtype(0, DType::f32);
  if (v.type(0).shape.empty()) v.fail(describe(v, 0) + ", but must have columns");
  check_limit(v);
  return {v.type(0)};
}

void eval_max_norm(const EvalContext& v) {
  const Tensor& w = *v.x[0];
  const double limit = float_attr(v.node.attrs, "limit");
  for (std::int64_t o = 0; o < w.columns(); ++o) {
    double square = 0;
    for (std::int64_t n = 0; n < w.rows(); ++n) square += at(w, n, o) * at(w, n, o);
    const double factor = square > limit * limit ? limit / std::sqrt(square) : 1.0;
    for (std::int64_t n = 0; n < w.rows(); ++n) at(v.y[0], n, o) = at(w, n, o) * factor;
  }
}

}  // namespace

namespace ops {

const OpDef clip{
    .name = "clip",
    .doc = "each number put into [-limit, limit]",
    .inputs = {{"x", "f32[..]", Arity::one, OperandRole::gradient}},
    .outputs = {{"y", "f32[..]"}},
    .attrs = {required("limit", "the largest size", 0.0)},
    .infer = infer_clip,
    .reference = eval_clip,
    .in_place = {1},
};

// Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML
// 2013.
const OpDef clip_factor{
    .name = "clip_factor",
    .doc = "what all g are to be multiplied by, so that their common L2 norm is at most limit",
    .inputs = {{"g", "f32[..]", Arity::variadic, OperandRole::gradient}},
    .outputs = {{"factor", "f32[], at most 1"}},
    .attrs = {required("limit", "the largest norm", 0.0)},
    .infer = infer_clip_factor,
    .reference = eval_clip_factor,
    .flops = flops_of_clip_factor,
};

const OpDef scale_by{
    .name = "scale_by",
    .doc = "x times a number",
    .inputs = {{"x", "f32[..]", Arity::one, OperandRole::gradient}, {"factor", "f32[]"}},
    .outputs = {{"y", "f32[..]"}},
    .infer = infer_scale_by,
    .reference = eval_scale_by,
    .in_place = {1},
};

// Srebro and Shraibman 2005; for networks Hinton et al., arXiv 1207.0580, 2012; Kim 2014 uses 3.
const OpDef max_norm{
    .name = "max_norm",
    .doc = "each output's weights (a column: all axes but the last) scaled to an L2 norm <= limit",
    .inputs = {{"w", "f32[.., O]", Arity::one, OperandRole::weight}},
    .outputs = {{"new_w", "f32[.., O]", Arity::one, OperandRole::weight}},
    .attrs = {required("limit", "the largest norm", 0.0)},
    .infer = infer_max_norm,
    .reference = eval_max_norm,
    .in_place = {1},
    .flops = [](const Graph& graph, const Node& node,
                const ElementCount& count) { return 3 * count(graph[node.inputs[0]].type); },
};

}  // namespace ops
}  // namespace weft
