// Convolution over time of packed sequences: conv1d and its gradients by input and by weights.
#include "ir/ops/common.h"
#include "ir/ops/nn/activation.h"
#include "ir/ops/nn/sequence.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

std::vector<TensorType> infer_conv1d(const InferContext& v) {
  const Shape& x = expect_float(v, 0, 2).shape;
  const Shape& w = expect_float(v, 1, 3).shape;
  if (!w[0].is_static()) v.fail(describe(v, 1) + ", but the kernel's size must be a number");
  if (w[1] != x[1]) {
    v.fail(fmt::format("{} but x has {} channels", describe(v, 1), to_string(x[1])),
           fmt::format("w must be f32[{}, {}, {}]: kernel, input channels, output channels",
                       to_string(w[0]), to_string(x[1]), to_string(w[2])));
  }
  v.expect_offsets(2, x[0]);
  const Dim rows = expect_windows(v, 2, 3, checked_window(v, w[0].value));
  if (v.has(4) && v.type(4) != float_type({w[2]})) {
    v.fail(fmt::format("{} but {}", describe(v, 4), describe(v, 1)),
           fmt::format("bias must be f32[{}], one number per output channel", to_string(w[2])));
  }
  expect_activation(v);
  return {float_type({rows, w[2]})};
}

// Calls visit(row of T, row of T', tap) for every input row that a window reads.
template <class Visit>
void for_each_tap(const std::vector<std::int64_t>& from, const std::vector<std::int64_t>& to,
                  const Window& window, Visit visit) {
  for (std::size_t b = 0; b + 1 < from.size(); ++b) {
    const std::int64_t length = from[b + 1] - from[b];
    for (std::int64_t j = 0; j < to[b + 1] - to[b]; ++j) {
      for (std::int64_t k = 0; k < window.size; ++k) {
        const std::int64_t t = j * window.stride - window.left() + k * window.dilation;
        if (t >= 0 && t < length) visit(from[b] + t, to[b] + j, k);
      }
    }
  }
}

void eval_conv1d(const EvalContext& v) {
  const Tensor &x = *v.x[0], &w = *v.x[1];
  const Window window = window_of(v.node.attrs, w.shape[0]);
  const auto from = offsets_of(v, 2, x.rows());
  const auto to = window_offsets_of(v, 3, from, window);
  const std::int64_t inputs = w.shape[1], outputs = w.shape[2];
  Tensor& y = v.y[0];
  if (v.x[4] != nullptr) {
    for (std::int64_t t = 0; t < y.rows(); ++t) {
      for (std::int64_t o = 0; o < outputs; ++o) at(y, t, o) = at(*v.x[4], 0, o);
    }
  }
  for_each_tap(from, to, window, [&](std::int64_t s, std::int64_t t, std::int64_t k) {
    for (std::int64_t c = 0; c < inputs; ++c) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        at(y, t, o) += at(x, s, c) * at(w, k * inputs + c, o);
      }
    }
  });
  const Activation act = act_attr(v.node.attrs);
  for (double& value : y.data) value = activate(act, value);
}

void gradient_conv1d(GradientContext& g) {
  expect_unfused(g);
  const ValueId x = g.in(0), w = g.in(1), from = g.in(2), to = g.in(3), dy = g.dy[0];
  Attrs attrs = g.node.attrs;
  attrs.erase("act");
  if (g.needs_grad[0]) g.dx[0] = g.emit(ops::conv1d_input_grad, {dy, w, from, to}, attrs);
  if (g.needs_grad[1]) {
    attrs["kernel"] = g.type(w).shape[0].value;
    g.dx[1] = g.emit(ops::conv1d_weight_grad, {x, dy, from, to}, attrs);
  }
  if (g.in(4) != kNoValue && g.needs_grad[4]) {
    g.dx[4] = g.emit(ops::reduce_sum, {dy}, {{"axes", std::vector<std::int64_t>{0}}});
  }
}

// Fails unless `dy` (at `port`) has a row per window.
void expect_window_rows(const InferContext& v, std::size_t port, const Dim& rows) {
  if (v.type(port).shape[0] == rows) return;
  v.fail(fmt::format("{}, but there are {} windows", describe(v, port), to_string(rows)));
}

std::vector<TensorType> infer_conv1d_input_grad(const InferContext& v) {
  const Shape& dy = expect_float(v, 0, 2).shape;
  const Shape& w = expect_float(v, 1, 3).shape;
  if (!w[0].is_static()) v.fail(describe(v, 1) + ", but the kernel's size must be a number");
  if (w[2] != dy[1]) v.fail(fmt::format("{} but {}", describe(v, 1), describe(v, 0)));
  const Dim from = rows_of(v, 2);
  expect_window_rows(v, 0, expect_windows(v, 2, 3, checked_window(v, w[0].value)));
  return {float_type({from, w[1]})};
}

void eval_conv1d_input_grad(const EvalContext& v) {
  const Tensor &dy = *v.x[0], &w = *v.x[1];
  const Window window = window_of(v.node.attrs, w.shape[0]);
  const auto from = offsets_of(v, 2, v.y[0].rows());
  const auto to = window_offsets_of(v, 3, from, window);
  const std::int64_t inputs = w.shape[1], outputs = w.shape[2];
  for_each_tap(from, to, window, [&](std::int64_t s, std::int64_t t, std::int64_t k) {
    for (std::int64_t c = 0; c < inputs; ++c) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        at(v.y[0], s, c) += at(dy, t, o) * at(w, k * inputs + c, o);
      }
    }
  });
}

std::vector<TensorType> infer_conv1d_weight_grad(const InferContext& v) {
  const Shape& x = expect_float(v, 0, 2).shape;
  const Shape& dy = expect_float(v, 1, 2).shape;
  const std::int64_t kernel = int_attr(v.attrs, "kernel");
  v.expect_offsets(2, x[0]);
  expect_window_rows(v, 1, expect_windows(v, 2, 3, checked_window(v, kernel)));
  return {float_type({kernel, x[1], dy[1]})};
}

void eval_conv1d_weight_grad(const EvalContext& v) {
  const Tensor &x = *v.x[0], &dy = *v.x[1];
  Tensor& dw = v.y[0];
  const Window window = window_of(v.node.attrs, dw.shape[0]);
  const auto from = offsets_of(v, 2, x.rows());
  const auto to = window_offsets_of(v, 3, from, window);
  const std::int64_t inputs = dw.shape[1], outputs = dw.shape[2];
  for_each_tap(from, to, window, [&](std::int64_t s, std::int64_t t, std::int64_t k) {
    for (std::int64_t c = 0; c < inputs; ++c) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        at(dw, k * inputs + c, o) += at(x, s, c) * at(dy, t, o);
      }
    }
  });
}

// One multiplication and one addition per tap, window, input and output channel.
template <int weights, int windows>  // weights: an input, or -1 for the output
double flops_of_conv(const Graph& graph, const Node& node, const ElementCount& count) {
  const auto operand = [&](int port) {
    return graph[port < 0 ? node.outputs[0] : node.inputs[static_cast<std::size_t>(port)]].type;
  };
  return 2.0 * count(operand(weights)) * extent_of(operand(windows).shape[0], count);
}

std::vector<AttrDef> window_attrs(AttrDef last) {
  return {{"stride", "rows from one window to the next", std::int64_t{1}},
          {"dilation", "rows from one tap to the next", std::int64_t{1}},
          {"padding", "\"valid\", \"same\" or \"causal\"", std::string("same")},
          std::move(last)};
}

std::vector<AttrDef> window_attrs() {
  std::vector<AttrDef> attrs = window_attrs({});
  attrs.pop_back();
  return attrs;
}

}  // namespace

namespace ops {

const OpDef conv1d{
    .name = "conv1d",
    .doc = "convolution over time within each sequence, plus bias, then an activation",
    .inputs = {{"x", "f32[T, C]"},
               {"w", "f32[K, C, O]", Arity::one, OperandRole::weight},
               {"from", "i32[B+1 -> T]"},
               {"to", "i32[B+1 -> T']"},
               {"bias", "f32[O]", Arity::optional, OperandRole::weight}},
    .outputs = {{"y", "f32[T', O]"}},
    .attrs = window_attrs({"act", "an activation, or \"\"", std::string()}),
    .infer = infer_conv1d,
    .reference = eval_conv1d,
    .gradient = gradient_conv1d,
    .bias_port = 5,
    .flops = flops_of_conv<1, -1>,
};

const OpDef conv1d_input_grad{
    .name = "conv1d_input_grad",
    .doc = "the gradient of conv1d's x",
    .inputs = {{"dy", "f32[T', O]"},
               {"w", "f32[K, C, O]", Arity::one, OperandRole::weight},
               {"from", "i32[B+1 -> T]"},
               {"to", "i32[B+1 -> T']"}},
    .outputs = {{"dx", "f32[T, C]"}},
    .attrs = window_attrs(),
    .infer = infer_conv1d_input_grad,
    .reference = eval_conv1d_input_grad,
    .flops = flops_of_conv<1, 0>,
};

const OpDef conv1d_weight_grad{
    .name = "conv1d_weight_grad",
    .doc = "the gradient of conv1d's w",
    .inputs = {{"x", "f32[T, C]"},
               {"dy", "f32[T', O]"},
               {"from", "i32[B+1 -> T]"},
               {"to", "i32[B+1 -> T']"}},
    .outputs = {{"dw", "f32[K, C, O]"}},
    .attrs = window_attrs(required("kernel", "K, the taps", std::int64_t{})),
    .infer = infer_conv1d_weight_grad,
    .reference = eval_conv1d_weight_grad,
    .flops = flops_of_conv<-1, 1>,
};

}  // namespace ops
}  // namespace weft
