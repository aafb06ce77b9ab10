// Matrix products: matmul, and linear, which adds a bias and an activation to it.
#include "ir/ops/common.h"
#include "ir/ops/nn/activation.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

bool flag(const Attrs& attrs, std::string_view name) { return int_attr(attrs, name) != 0; }

std::vector<TensorType> infer_matmul(const InferContext& v) {
  const Shape& a = expect_float(v, 0, 2).shape;
  const Shape& b = expect_float(v, 1, 2).shape;
  const bool ta = flag(v.attrs, "transpose_a"), tb = flag(v.attrs, "transpose_b");
  if (a[ta ? 0 : 1] != b[tb ? 1 : 0]) {
    v.fail(fmt::format("{}{} and {}{}", describe(v, 0), ta ? " (transposed)" : "", describe(v, 1),
                       tb ? " (transposed)" : ""),
           fmt::format("the inner dimensions {} and {} must be equal", to_string(a[ta ? 0 : 1]),
                       to_string(b[tb ? 1 : 0])));
  }
  return {float_type({a[ta ? 1 : 0], b[tb ? 0 : 1]})};
}

void eval_matmul(const EvalContext& v) {
  const Tensor &a = *v.x[0], &b = *v.x[1];
  const bool ta = flag(v.node.attrs, "transpose_a"), tb = flag(v.node.attrs, "transpose_b");
  const std::int64_t inner = a.shape[ta ? 0 : 1];
  for (std::int64_t m = 0; m < v.y[0].rows(); ++m) {
    for (std::int64_t n = 0; n < v.y[0].columns(); ++n) {
      double sum = 0;
      for (std::int64_t k = 0; k < inner; ++k) {
        sum += (ta ? at(a, k, m) : at(a, m, k)) * (tb ? at(b, n, k) : at(b, k, n));
      }
      at(v.y[0], m, n) = sum;
    }
  }
}

ValueId product(GradientContext& g, ValueId a, ValueId b, bool transpose_a, bool transpose_b) {
  return g.emit(
      ops::matmul, {a, b},
      {{"transpose_a", std::int64_t{transpose_a}}, {"transpose_b", std::int64_t{transpose_b}}});
}

// With A = op(a), B = op(b): dA = dy B', dB = A' dy; a transposed operand's gradient is transposed.
void gradient_matmul(GradientContext& g) {
  const bool ta = flag(g.node.attrs, "transpose_a"), tb = flag(g.node.attrs, "transpose_b");
  const ValueId a = g.in(0), b = g.in(1), dy = g.dy[0];
  if (g.needs_grad[0]) g.dx[0] = ta ? product(g, b, dy, tb, true) : product(g, dy, b, false, !tb);
  if (g.needs_grad[1]) g.dx[1] = tb ? product(g, dy, a, true, ta) : product(g, a, dy, !ta, false);
}

std::vector<TensorType> infer_linear(const InferContext& v) {
  const Shape& x = expect_float(v, 0, 2).shape;
  const Shape& w = expect_float(v, 1, 2).shape;
  if (x[1] != w[0]) {
    v.fail(fmt::format("{} but {}", describe(v, 1), describe(v, 0)),
           fmt::format("w must have {} rows, one for each column of x", to_string(x[1])));
  }
  if (v.has(2) && v.type(2) != float_type({w[1]})) {
    v.fail(fmt::format("{} but {}", describe(v, 2), describe(v, 1)),
           fmt::format("bias must be f32[{}], one number for each column of w", to_string(w[1])));
  }
  expect_activation(v);
  return {float_type({x[0], w[1]})};
}

void eval_linear(const EvalContext& v) {
  const Tensor &x = *v.x[0], &w = *v.x[1];
  const Activation act = act_attr(v.node.attrs);
  for (std::int64_t m = 0; m < x.rows(); ++m) {
    for (std::int64_t n = 0; n < w.columns(); ++n) {
      double sum = v.x[2] != nullptr ? at(*v.x[2], 0, n) : 0.0;
      for (std::int64_t k = 0; k < x.columns(); ++k) sum += at(x, m, k) * at(w, k, n);
      at(v.y[0], m, n) = activate(act, sum);
    }
  }
}

void gradient_linear(GradientContext& g) {
  expect_unfused(g);
  const ValueId x = g.in(0), w = g.in(1), dy = g.dy[0];
  if (g.needs_grad[0]) g.dx[0] = product(g, dy, w, false, true);
  if (g.needs_grad[1]) g.dx[1] = product(g, x, dy, true, false);
  if (g.in(2) != kNoValue && g.needs_grad[2]) {
    g.dx[2] = g.emit(ops::reduce_sum, {dy}, {{"axes", std::vector<std::int64_t>{0}}});
  }
}

// One multiplication and one addition per inner element of each result.
double flops_of_product(const Graph& graph, const Node& node, const ElementCount& count) {
  const bool ta = node.op == &ops::matmul && flag(node.attrs, "transpose_a");
  const Dim& inner = graph[node.inputs[0]].type.shape[ta ? 0 : 1];
  return 2.0 * count(graph[node.outputs[0]].type) * extent_of(inner, count);
}

}  // namespace

namespace ops {

const OpDef matmul{
    .name = "matmul",
    .doc = "the product of two matrices, each transposed first if asked",
    .inputs = {{"a", "f32[M, K]"}, {"b", "f32[K, N]"}},
    .outputs = {{"y", "f32[M, N]"}},
    .attrs = {{"transpose_a", "1: a is [K, M]", std::int64_t{0}, {}, 0, 1},
              {"transpose_b", "1: b is [N, K]", std::int64_t{0}, {}, 0, 1}},
    .infer = infer_matmul,
    .reference = eval_matmul,
    .gradient = gradient_matmul,
    .fused = [] { return &linear; },
    .flops = flops_of_product,
};

const OpDef linear{
    .name = "linear",
    .doc =
        "x w + bias, then an activation: what matmul, bias_add and the activation are fused into",
    .inputs = {{"x", "f32[M, K]"},
               {"w", "f32[K, N]", Arity::one, OperandRole::weight},
               {"bias", "f32[N]", Arity::optional, OperandRole::weight}},
    .outputs = {{"y", "f32[M, N]"}},
    .attrs = {{"act", "an activation, or \"\"", std::string()}},
    .infer = infer_linear,
    .reference = eval_linear,
    .gradient = gradient_linear,
    .rowwise = true,
    .bias_port = 3,
    .flops = flops_of_product,
};

}  // namespace ops
}  // namespace weft
