// Tap tables: the products of rows with every tap of convolutions, their gradients, and integers.
#include <algorithm>

#include "ir/ops/ops.h"
#include "ir/ops/taps/tap_rows.h"

namespace weft {
namespace {

Attrs attrs_of(const TapSizes& sizes) {
  return {{"kernels", sizes.kernels}, {"channels", sizes.channels}};
}

TapSizes sizes_of(const EvalContext& v, std::size_t first) {
  TapSizes sizes;
  for (std::size_t i = first; i < v.x.size(); ++i) {
    sizes.kernels.push_back(v.x[i]->shape[0]);
    sizes.channels.push_back(v.x[i]->shape[2]);
  }
  return sizes;
}

// Calls visit(convolution, row of its weights f32[K * D, O] where the tap begins, output channel,
// place in a table's row) for every tap of every channel.
template <typename Visit>
void for_each_tap(const TapLayout& layout, std::int64_t d, Visit visit) {
  for_each_output(layout, [&](const TapSegment& segment, std::int64_t channel, std::int64_t) {
    for (std::int64_t tap = 0; tap < segment.taps; ++tap) {
      visit(segment.conv, tap * d, channel, layout.index(segment.conv, tap, channel));
    }
  });
}

std::vector<TensorType> infer_tap_table(const InferContext& v) {
  const Shape& e = expect_float(v, 0, 2).shape;
  const TapSizes sizes = expect_weights(v, 1, e[1]);
  const TapLayout layout = checked_layout(v, sizes.kernels, sizes.channels, DType::f32);
  return {float_type({e[0], layout.row_size()})};
}

void eval_tap_table(const EvalContext& v) {
  const Tensor& e = *v.x[0];
  const TapSizes sizes = sizes_of(v, 1);
  const TapLayout layout(sizes.kernels, sizes.channels, DType::f32);
  const std::int64_t d = e.columns();
  for_each_tap(layout, d, [&](std::int64_t conv, std::int64_t first, std::int64_t c, auto place) {
    const Tensor& w = *v.x[static_cast<std::size_t>(conv) + 1];
    for (std::int64_t n = 0; n < e.rows(); ++n) {
      double sum = 0.0;
      for (std::int64_t k = 0; k < d; ++k) sum += at(e, n, k) * at(w, first + k, c);
      at(v.y[0], n, place) = sum;
    }
  });
}

void gradient_tap_table(GradientContext& g) {
  const std::vector<ValueId>& inputs = g.node.inputs;
  TapSizes sizes;
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    sizes.kernels.push_back(g.type(inputs[i]).shape[0].value);
    sizes.channels.push_back(g.type(inputs[i]).shape[2].value);
  }
  if (g.needs_grad[0]) {
    std::vector<ValueId> operands{g.dy[0]};
    operands.insert(operands.end(), inputs.begin() + 1, inputs.end());
    g.dx[0] = g.emit(ops::tap_table_input_grad, std::move(operands));
  }
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    if (!g.needs_grad[i]) continue;
    Attrs attrs = attrs_of(sizes);
    attrs["index"] = static_cast<std::int64_t>(i - 1);
    g.dx[i] = g.emit(ops::tap_table_weight_grad, {inputs[0], g.dy[0]}, std::move(attrs));
  }
}

std::vector<TensorType> infer_input_grad(const InferContext& v) {
  const Shape& dtable = expect_float(v, 0, 2).shape;
  v.expect_rank(1, 3);
  const Dim d = v.type(1).shape[1];
  const TapSizes sizes = expect_weights(v, 1, d);
  const TapLayout layout = checked_layout(v, sizes.kernels, sizes.channels, DType::f32);
  v.expect_same(0, float_type({dtable[0], layout.row_size()}));
  return {float_type({dtable[0], d})};
}

void eval_input_grad(const EvalContext& v) {
  const Tensor& dtable = *v.x[0];
  Tensor& de = v.y[0];
  const TapSizes sizes = sizes_of(v, 1);
  const TapLayout layout(sizes.kernels, sizes.channels, DType::f32);
  for_each_tap(layout, de.columns(),
               [&](std::int64_t conv, std::int64_t first, auto c, auto place) {
                 const Tensor& w = *v.x[static_cast<std::size_t>(conv) + 1];
                 for (std::int64_t n = 0; n < de.rows(); ++n) {
                   for (std::int64_t k = 0; k < de.columns(); ++k) {
                     at(de, n, k) += at(dtable, n, place) * at(w, first + k, c);
                   }
                 }
               });
}

std::vector<TensorType> infer_weight_grad(const InferContext& v) {
  const Shape& e = expect_float(v, 0, 2).shape;
  expect_table(v, 1, /*quantized=*/false);
  if (v.type(1).shape[0] != e[0]) {
    v.fail(fmt::format("{} but {}", describe(v, 0), describe(v, 1)), "both have a row per row");
  }
  return {weights_at_index(v, e[1])};
}

void eval_weight_grad(const EvalContext& v) {
  const Tensor &e = *v.x[0], &dtable = *v.x[1];
  const std::int64_t index = int_attr(v.node.attrs, "index"), d = e.columns();
  for_each_tap(layout_of(v.node.attrs), d,
               [&](std::int64_t conv, std::int64_t first, std::int64_t c, std::int64_t place) {
                 if (conv != index) return;
                 for (std::int64_t n = 0; n < e.rows(); ++n) {
                   for (std::int64_t k = 0; k < d; ++k) {
                     at(v.y[0], first + k, c) += at(e, n, k) * at(dtable, n, place);
                   }
                 }
               });
}

std::vector<TensorType> infer_quantize_taps(const InferContext& v) {
  expect_table(v, 0, /*quantized=*/false);
  const std::string& name = string_attr(v.attrs, "dtype");
  const auto dtype = find_dtype(name);
  if (dtype != DType::i16 && dtype != DType::i8) {
    v.fail(fmt::format("dtype is \"{}\", but must be \"i16\" or \"i8\"", name));
  }
  for (const std::int64_t taps : ints_attr(v.attrs, "kernels")) {
    if (taps > 256) v.fail(fmt::format("the sum of {} taps does not fit an i16", taps));
  }
  const TapLayout to = checked_layout(v, *dtype);
  return {{*dtype, {v.type(0).shape[0], to.row_size()}, {}}, float_type({to.outputs()})};
}

// The most that a running sum may reach is known from the table, so no sum ever overflows: of i8,
// 256 taps of at most 127 fit an i16; of i16, the taps' maxima add up to the largest i16.
void eval_quantize_taps(const EvalContext& v) {
  const Tensor& table = *v.x[0];
  const DType dtype = *find_dtype(string_attr(v.node.attrs, "dtype"));
  const TapLayout from = layout_of(v.node.attrs), to = layout_of(v.node.attrs, dtype);
  for_each_output(to, [&](const TapSegment& segment, std::int64_t c, std::int64_t output) {
    double largest = 0.0, sum = 0.0;
    for (std::int64_t tap = 0; tap < segment.taps; ++tap) {
      double max = 0.0;
      for (std::int64_t n = 0; n < table.rows(); ++n) {
        max = std::max(max, std::abs(at(table, n, from.index(segment.conv, tap, c))));
      }
      largest = std::max(largest, max);
      sum += max;
    }
    const double scale = tap_scale(dtype, segment.taps, largest, sum);
    at(v.y[1], 0, output) = scale;
    for (std::int64_t tap = 0; tap < segment.taps; ++tap) {
      for (std::int64_t n = 0; n < table.rows(); ++n) {
        const double x = at(table, n, from.index(segment.conv, tap, c));
        at(v.y[0], n, to.index(segment.conv, tap, c)) = scale > 0 ? std::nearbyint(x / scale) : 0.0;
      }
    }
  });
}

std::vector<PortDef> before_weights(const PortDef& first) {
  return {first, {"w", "f32[K, D, O]", Arity::variadic, OperandRole::weight}};
}

double flops_of_table(const Graph& graph, const Node& node, const ElementCount& count) {
  double weights = 0.0;
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    weights += count(graph[node.inputs[i]].type);
  }
  return 2.0 * weights * extent_of(graph[node.inputs[0]].type.shape[0], count);
}

double flops_of_weight_grad(const Graph& graph, const Node& node, const ElementCount& count) {
  return 2.0 * count(graph[node.outputs[0]].type) *
         extent_of(graph[node.inputs[0]].type.shape[0], count);
}

}  // namespace

namespace ops {

const OpDef tap_table{
    .name = "tap_table",
    .doc = "each row's products with every tap of convolutions; ir/taps.h says in which order",
    .inputs = before_weights({"e", "f32[N, D]"}),
    .outputs = {{"table", "f32[N, R]"}},
    .infer = infer_tap_table,
    .reference = eval_tap_table,
    .gradient = gradient_tap_table,
    .flops = flops_of_table,
};

const OpDef tap_table_input_grad{
    .name = "tap_table_input_grad",
    .doc = "the gradient of tap_table's e",
    .inputs = before_weights({"dtable", "f32[N, R]"}),
    .outputs = {{"de", "f32[N, D]"}},
    .infer = infer_input_grad,
    .reference = eval_input_grad,
    .flops = flops_of_table,
};

const OpDef tap_table_weight_grad{
    .name = "tap_table_weight_grad",
    .doc = "the gradient of the weights of one convolution of tap_table",
    .inputs = {{"e", "f32[N, D]"}, {"dtable", "f32[N, R]"}},
    .outputs = {{"dw", "f32[K, D, O]"}},
    .attrs = tap_attrs({required("index", "which convolution, from 0", std::int64_t{})}),
    .infer = infer_weight_grad,
    .reference = eval_weight_grad,
    .flops = flops_of_weight_grad,
};

const OpDef quantize_taps{
    .name = "quantize_taps",
    .doc =
        "a tap table in integers, of which sums over taps can't overflow, and a scale per channel",
    .inputs = {{"table", "f32[V, R]", Arity::one, OperandRole::weight}},
    .outputs = {{"q", "i16[V, R'] or i8[V, R']"}, {"scale", "f32[O]"}},
    .attrs = tap_attrs({required("dtype", "\"i16\" or \"i8\"", std::string())}),
    .infer = infer_quantize_taps,
    .reference = eval_quantize_taps,
};

}  // namespace ops
}  // namespace weft
