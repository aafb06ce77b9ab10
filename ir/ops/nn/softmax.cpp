// Softmax and its logarithm over the last dimension.
#include "ir/ops/nn/softmax.h"

#include <algorithm>
#include <cmath>

#include "ir/ops/common.h"
#include "ir/ops/ops.h"

namespace weft {

double log_sum_exp(const Tensor& x, std::int64_t row) {
  if (x.columns() == 0) return 0;
  double max = at(x, row, 0);
  for (std::int64_t c = 1; c < x.columns(); ++c) max = std::max(max, at(x, row, c));
  double sum = 0;
  for (std::int64_t c = 0; c < x.columns(); ++c) sum += std::exp(at(x, row, c) - max);
  return max + std::log(sum);
}

namespace {

std::vector<TensorType> infer_rows(const InferContext& v) { return {expect_float(v, 0, 2)}; }

std::vector<TensorType> infer_grad(const InferContext& v) {
  expect_float(v, 0, 2);
  v.expect_same(1, v.type(0));
  return {v.type(0)};
}

template <bool log>
void eval_softmax(const EvalContext& v) {
  const Tensor& x = *v.x[0];
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    const double norm = log_sum_exp(x, n);
    for (std::int64_t c = 0; c < x.columns(); ++c) {
      const double y = at(x, n, c) - norm;
      at(v.y[0], n, c) = log ? y : std::exp(y);
    }
  }
}

template <const OpDef& grad>
void gradient_softmax(GradientContext& g) {
  g.dx[0] = g.emit(grad, {g.out(), g.dy[0]});
}

void eval_softmax_grad(const EvalContext& v) {
  const Tensor &y = *v.x[0], &dy = *v.x[1];
  for (std::int64_t n = 0; n < y.rows(); ++n) {
    double dot = 0;
    for (std::int64_t c = 0; c < y.columns(); ++c) dot += at(y, n, c) * at(dy, n, c);
    for (std::int64_t c = 0; c < y.columns(); ++c) {
      at(v.y[0], n, c) = at(y, n, c) * (at(dy, n, c) - dot);
    }
  }
}

void eval_log_softmax_grad(const EvalContext& v) {
  const Tensor &y = *v.x[0], &dy = *v.x[1];
  for (std::int64_t n = 0; n < y.rows(); ++n) {
    double sum = 0;
    for (std::int64_t c = 0; c < y.columns(); ++c) sum += at(dy, n, c);
    for (std::int64_t c = 0; c < y.columns(); ++c) {
      at(v.y[0], n, c) = at(dy, n, c) - std::exp(at(y, n, c)) * sum;
    }
  }
}

double flops_of_softmax(const Graph& graph, const Node& node, const ElementCount& count) {
  return 4.0 * count(graph[node.outputs[0]].type);  // maximum, exponential, sum, division
}

}  // namespace

namespace ops {

const OpDef softmax{
    .name = "softmax",
    .doc = "exp(x), scaled so that every row adds up to 1",
    .inputs = {{"x", "f32[N, C]"}},
    .outputs = {{"y", "f32[N, C]"}},
    .infer = infer_rows,
    .reference = eval_softmax<false>,
    .gradient = gradient_softmax<softmax_grad>,
    .in_place = {1},
    .flops = flops_of_softmax,
};

const OpDef softmax_grad{
    .name = "softmax_grad",
    .doc = "y * (dy - the row's sum of y * dy)",
    .inputs = {{"y", "f32[N, C]"}, {"dy", "f32[N, C]"}},
    .outputs = {{"dx", "f32[N, C]"}},
    .infer = infer_grad,
    .reference = eval_softmax_grad,
    .in_place = {2},
    .flops = flops_of_softmax,
};

const OpDef log_softmax{
    .name = "log_softmax",
    .doc = "the logarithm of softmax",
    .inputs = {{"x", "f32[N, C]"}},
    .outputs = {{"y", "f32[N, C]"}},
    .infer = infer_rows,
    .reference = eval_softmax<true>,
    .gradient = gradient_softmax<log_softmax_grad>,
    .in_place = {1},
    .flops = flops_of_softmax,
};

const OpDef log_softmax_grad{
    .name = "log_softmax_grad",
    .doc = "dy - exp(y) * the row's sum of dy",
    .inputs = {{"y", "f32[N, C]"}, {"dy", "f32[N, C]"}},
    .outputs = {{"dx", "f32[N, C]"}},
    .infer = infer_grad,
    .reference = eval_log_softmax_grad,
    .in_place = {2},
    .flops = flops_of_softmax,
};

}  // namespace ops
}  // namespace weft
