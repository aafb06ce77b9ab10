// Convolutions of looked-up rows by their tap table, pooled over each sequence on the way.
#include <limits>

#include "ir/ops/nn/activation.h"
#include "ir/ops/nn/pool.h"
#include "ir/ops/ops.h"
#include "ir/ops/taps/tap_rows.h"

namespace weft {
namespace {

constexpr std::int64_t kNoRow = std::numeric_limits<std::int32_t>::min();

enum Port : std::size_t { kIds, kTable, kOffsets, kBias, kScale };

// Checks all operands; the result's shape, f32[B, O].
Shape infer_pool(const InferContext& v, bool quantized) {
  const TapLayout layout = expect_table(v, kTable, quantized);
  expect_ids(v, kIds, kOffsets, v.type(kTable).shape[0]);
  for (const std::int64_t taps : ints_attr(v.attrs, "kernels")) checked_window(v, taps);
  expect_activation(v);
  const TensorType per_channel = float_type({layout.outputs()});
  if (v.has(kBias)) v.expect_same(kBias, per_channel);
  if (quantized && v.has(kScale)) v.expect_same(kScale, per_channel);
  return {examples_of(v.type(kOffsets)), layout.outputs()};
}

std::vector<TensorType> infer_tap_max_pool(const InferContext& v) {
  const Shape shape = infer_pool(v, /*quantized=*/true);
  const bool integers = v.type(kTable).dtype != DType::f32;
  if (integers != v.has(kScale)) {
    v.fail(fmt::format("{} and {} given", describe(v, kTable),
                       v.has(kScale) ? "a scale is" : "no scale is"),
           "a table of integers comes with the scale that quantize_taps gives, no other does");
  }
  return {float_type(shape), int_type(shape)};
}

// Calls visit(row of y, output channel, first row of the window, its sum) for every window.
template <typename Visit>
void for_each_sum(const EvalContext& v, Visit visit) {
  const Tensor& table = *v.x[kTable];
  const TapLayout layout = layout_of(v.node.attrs, v.graph[v.node.inputs[kTable]].type.dtype);
  const std::vector<Window> windows = windows_of(v.node.attrs);
  const auto offsets = offsets_of(v, kOffsets, tokens_of(v, kOffsets));
  for_each_output(layout, [&](const TapSegment& segment, std::int64_t c, std::int64_t output) {
    const Window& window = windows[static_cast<std::size_t>(segment.conv)];
    for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
      const std::int64_t length = offsets[b + 1] - offsets[b];
      for (std::int64_t j = 0; j < window.count(length); ++j) {
        const std::int64_t first = j - window.left();
        double sum = 0.0;
        for (std::int64_t k = 0; k < window.size; ++k) {
          const std::int64_t t = first + k * window.dilation;
          if (t < 0 || t >= length) continue;
          const std::int64_t row = table_row(v, kIds, offsets[b] + t, table.rows());
          sum += at(table, row, layout.index(segment.conv, k, c));
        }
        visit(static_cast<std::int64_t>(b), output, offsets[b] + first, sum);
      }
    }
  });
}

double bias_of(const EvalContext& v, std::int64_t output) {
  return v.x[kBias] == nullptr ? 0.0 : at(*v.x[kBias], 0, output);
}

void eval_tap_max_pool(const EvalContext& v) {
  Tensor &y = v.y[0], &argmax = v.y[1];
  for (double& none : argmax.data) none = static_cast<double>(kNoRow);
  for_each_sum(v, [&](std::int64_t b, std::int64_t o, std::int64_t first, double sum) {
    const bool none = at(argmax, b, o) == static_cast<double>(kNoRow);
    if (!none && !(sum > at(y, b, o))) return;
    at(y, b, o) = sum;
    at(argmax, b, o) = static_cast<double>(first);
  });
  const Activation act = act_attr(v.node.attrs);
  for (std::int64_t b = 0; b < y.rows(); ++b) {
    for (std::int64_t o = 0; o < y.columns(); ++o) {
      if (at(argmax, b, o) == static_cast<double>(kNoRow)) continue;
      const double scale = v.x[kScale] == nullptr ? 1.0 : at(*v.x[kScale], 0, o);
      at(y, b, o) = activate(act, at(y, b, o) * scale + bias_of(v, o));
    }
  }
}

void gradient_tap_max_pool(GradientContext& g) {
  if (g.dy[0] == kNoValue) return;
  if (g.type(g.in(kTable)).dtype != DType::f32) {
    throw Error(g.node.location, "tap_max_pool: a table of integers has no gradient");
  }
  const ValueId offsets = g.in(kOffsets);
  const ValueId dz = gradient_before(g, act_attr(g.node.attrs), g.out(), g.dy[0]);
  if (g.needs_grad[kTable]) {
    Attrs attrs = g.node.attrs;
    attrs.erase("act");
    attrs.erase("padding");
    attrs["rows"] = rows_text(g, g.in(kTable));
    g.dx[kTable] = g.emit(ops::tap_max_pool_grad, {dz, g.out(1), g.in(kIds), offsets}, attrs);
  }
  if (g.in(kBias) != kNoValue && g.needs_grad[kBias]) {
    g.dx[kBias] = pooled_bias_gradient(g, dz, offsets);
  }
}

std::vector<TensorType> infer_tap_max_pool_grad(const InferContext& v) {
  const TapLayout layout = checked_layout(v);
  const Dim rows = expect_rows(v);
  expect_ids(v, 2, 3, rows);
  expect_dilation(v);
  const Shape shape{examples_of(v.type(3)), layout.outputs()};
  v.expect_same(0, float_type(shape));
  v.expect_same(1, int_type(shape));
  return {float_type({rows, layout.row_size()})};
}

void eval_tap_max_pool_grad(const EvalContext& v) {
  const TapLayout layout = layout_of(v.node.attrs);
  Tensor& dtable = v.y[0];
  for_each_winner(v, layout, [&](const TapWinner& winner) {
    const std::int64_t row = table_row(v, 2, winner.token, dtable.rows());
    at(dtable, row, layout.index(winner.conv, winner.tap, winner.channel)) += winner.dz;
  });
}

std::vector<TensorType> infer_tap_mean_pool(const InferContext& v) {
  return {float_type(infer_pool(v, /*quantized=*/false))};
}

void eval_tap_mean_pool(const EvalContext& v) {
  const Activation act = act_attr(v.node.attrs);
  Tensor& y = v.y[0];
  Tensor count(y.shape);
  for_each_sum(v, [&](std::int64_t b, std::int64_t o, std::int64_t, double sum) {
    at(y, b, o) += activate(act, sum + bias_of(v, o));
    at(count, b, o) += 1.0;
  });
  for (std::size_t i = 0; i < y.data.size(); ++i) {
    if (count.data[i] > 0) y.data[i] /= count.data[i];
  }
}

// Through the convolution itself: its windows are counted by the same offsets for all kernels, or
// the node has no gradient.
void gradient_tap_mean_pool(GradientContext& g) {
  const ValueId ids = g.in(kIds), table = g.in(kTable), from = g.in(kOffsets), bias = g.in(kBias);
  const std::vector<Window> windows = windows_of(g.node.attrs);
  const std::string& rows = g.type(from).ragged_dim;
  for (const Window& window : windows) {
    if (window.symbol(rows) == windows[0].symbol(rows)) continue;
    throw Error(g.node.location,
                "tap_mean_pool: kernels that see different numbers of windows have no gradient");
  }
  Attrs attrs = g.node.attrs;
  ValueId to = from;
  if (!windows[0].keeps_rows()) {
    to = g.emit(ops::window_offsets, {from},
                {{"size", windows[0].size},
                 {"dilation", windows[0].dilation},
                 {"padding", attrs["padding"]}});
  }
  const ValueId dy = g.emit(ops::mean_pool_grad, {g.dy[0], to});
  const ValueId y = g.emit(ops::tap_sum, {ids, table, from, to, bias}, attrs);
  const ValueId dz = gradient_before(g, act_attr(attrs), y, dy);
  attrs.erase("act");
  attrs["rows"] = rows_text(g, table);
  if (g.needs_grad[kTable]) g.dx[kTable] = g.emit(ops::tap_sum_grad, {dz, ids, from, to}, attrs);
  if (bias != kNoValue && g.needs_grad[kBias]) {
    g.dx[kBias] = g.emit(ops::reduce_sum, {dz}, {{"axes", std::vector<std::int64_t>{0}}});
  }
}

std::vector<PortDef> pool_ports() {
  return {{"ids", "i32[T]; left out: row t is token t's", Arity::optional, OperandRole::ids},
          {"table", "f32[N, R]"},
          {"offsets", "i32[B+1 -> T]"},
          {"bias", "f32[O]", Arity::optional, OperandRole::weight}};
}

std::vector<PortDef> max_pool_ports() {
  std::vector<PortDef> ports = pool_ports();
  ports.push_back({"scale", "f32[O], of a table of integers", Arity::optional});
  return ports;
}

std::vector<AttrDef> pool_attrs() {
  return tap_attrs(
      {dilation_attr(), padding_attr(), AttrDef{"act", "an activation, or \"\"", std::string()}});
}

// One addition per number of a table's row and token.
double flops_of_sums(const Graph& graph, const Node& node, const ElementCount& count) {
  const Dim tokens(graph[node.inputs[kOffsets]].type.ragged_dim);
  return extent_of(tokens, count) * extent_of(graph[node.inputs[kTable]].type.shape[1], count);
}

double flops_of_winners(const Graph& graph, const Node& node, const ElementCount& count) {
  return count(graph[node.inputs[0]].type);
}

}  // namespace

namespace ops {

const OpDef tap_max_pool{
    .name = "tap_max_pool",
    .doc =
        "act(the maximum of convolutions over each sequence + bias), by their tap table, and the "
        "first row of the window it was first found in",
    .inputs = max_pool_ports(),
    .outputs = {{"y", "f32[B, O]"}, {"argmax", "i32[B, O]", Arity::optional}},
    .attrs = pool_attrs(),
    .infer = infer_tap_max_pool,
    .reference = eval_tap_max_pool,
    .gradient = gradient_tap_max_pool,
    .strided = true,
    .bias_port = 4,
    .flops = flops_of_sums,
};

const OpDef tap_max_pool_grad{
    .name = "tap_max_pool_grad",
    .doc = "the gradient of tap_max_pool's table: dz at the rows of the winning windows",
    .inputs = {{"dz", "f32[B, O]"},
               {"argmax", "i32[B, O]"},
               {"ids", "i32[T]; left out: row t is token t's", Arity::optional, OperandRole::ids},
               {"offsets", "i32[B+1 -> T]"}},
    .outputs = {{"dtable", "f32[N, R]"}},
    .attrs = tap_attrs({dilation_attr(), rows_attr()}),
    .infer = infer_tap_max_pool_grad,
    .reference = eval_tap_max_pool_grad,
    .flops = flops_of_winners,
};

const OpDef tap_mean_pool{
    .name = "tap_mean_pool",
    .doc = "the mean over each sequence of act(convolutions + bias), by their tap table",
    .inputs = pool_ports(),
    .outputs = {{"y", "f32[B, O]"}},
    .attrs = pool_attrs(),
    .infer = infer_tap_mean_pool,
    .reference = eval_tap_mean_pool,
    .gradient = gradient_tap_mean_pool,
    .strided = true,
    .flops = flops_of_sums,
};

}  // namespace ops
}  // namespace weft
