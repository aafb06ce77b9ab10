// Arithmetic, element by element, and bias_add.
#include "ir/ops/nn/elementwise.h"

#include <functional>

#include "ir/ops/ops.h"

namespace weft {
namespace {

std::vector<TensorType> infer_bias_add(const InferContext& v) {
  v.expect_dtype(0, DType::f32);
  if (v.type(0).shape.empty()) v.fail(describe(v, 0) + ", but must have channels");
  expect_per_channel(v, 1);
  return {v.type(0)};
}

void eval_bias_add(const EvalContext& v) {
  const std::vector<double>&x = v.x[0]->data, &b = v.x[1]->data;
  for (std::size_t i = 0; i < x.size(); ++i) v.y[0].data[i] = x[i] + b[i % b.size()];
}

void gradient_bias_add(GradientContext& g) {
  g.dx[0] = g.dy[0];
  if (!g.needs_grad[1]) return;
  std::vector<std::int64_t> axes(g.type(g.in(0)).shape.size() - 1);
  for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<std::int64_t>(i);
  g.dx[1] = axes.empty() ? g.dy[0] : g.emit(ops::reduce_sum, {g.dy[0]}, {{"axes", axes}});
}

void gradient_add(GradientContext& g) { g.dx[0] = g.dx[1] = g.dy[0]; }

void gradient_sub(GradientContext& g) {
  g.dx[0] = g.dy[0];
  if (g.needs_grad[1]) g.dx[1] = g.emit(ops::scale, {g.dy[0]}, {{"factor", -1.0}});
}

void gradient_mul(GradientContext& g) {
  if (g.needs_grad[0]) g.dx[0] = g.emit(ops::mul, {g.dy[0], g.in(1)});
  if (g.needs_grad[1]) g.dx[1] = g.emit(ops::mul, {g.dy[0], g.in(0)});
}

void gradient_scale(GradientContext& g) { g.dx[0] = g.emit(ops::scale, {g.dy[0]}, g.node.attrs); }

Ports a_and_b() { return {{"a", "f32[..]"}, {"b", "f32[..]"}}; }

}  // namespace

namespace ops {

const OpDef add{
    .name = "add",
    .doc = "a + b",
    .inputs = a_and_b(),
    .outputs = y_port(),
    .infer = infer_binary,
    .reference = [](const EvalContext& v) { map_two(v, std::plus<>{}); },
    .gradient = gradient_add,
    .in_place = {1},
    .rowwise = true,
};

const OpDef sub{
    .name = "sub",
    .doc = "a - b",
    .inputs = a_and_b(),
    .outputs = y_port(),
    .infer = infer_binary,
    .reference = [](const EvalContext& v) { map_two(v, std::minus<>{}); },
    .gradient = gradient_sub,
    .in_place = {1},
    .rowwise = true,
};

const OpDef mul{
    .name = "mul",
    .doc = "a * b",
    .inputs = a_and_b(),
    .outputs = y_port(),
    .infer = infer_binary,
    .reference = [](const EvalContext& v) { map_two(v, std::multiplies<>{}); },
    .gradient = gradient_mul,
    .in_place = {1},
    .rowwise = true,
};

const OpDef scale{
    .name = "scale",
    .doc = "factor * x",
    .inputs = x_port(),
    .outputs = y_port(),
    .attrs = {required("factor", "a number", 1.0)},
    .infer = infer_unary,
    .reference =
        [](const EvalContext& v) {
          const double factor = float_attr(v.node.attrs, "factor");
          map_one(v, [&](double x) { return factor * x; });
        },
    .gradient = gradient_scale,
    .in_place = {1},
    .rowwise = true,
};

const OpDef bias_add{
    .name = "bias_add",
    .doc = "adds one number per channel to every row",
    .inputs = {{"x", "f32[N, C]"}, {"b", "f32[C]", Arity::one, OperandRole::weight}},
    .outputs = {{"y", "f32[N, C]"}},
    .infer = infer_bias_add,
    .reference = eval_bias_add,
    .gradient = gradient_bias_add,
    .in_place = {1},
};

}  // namespace ops
}  // namespace weft
