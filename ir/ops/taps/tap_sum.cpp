// Convolutions of looked-up rows by their tap table: a row per window.
#include "ir/ops/nn/activation.h"
#include "ir/ops/ops.h"
#include "ir/ops/taps/tap_rows.h"

namespace weft {
namespace {

enum Port : std::size_t { kIds, kTable, kFrom, kTo, kBias };

// The rows of the result; fails unless all kernels have as many windows.
Dim expect_all_windows(const InferContext& v, std::size_t from) {
  Dim rows;
  for (const std::int64_t taps : ints_attr(v.attrs, "kernels")) {
    rows = expect_windows(v, from, from + 1, checked_window(v, taps));
  }
  return rows;
}

std::vector<TensorType> infer_tap_sum(const InferContext& v) {
  const TapLayout layout = expect_table(v, kTable, /*quantized=*/false);
  expect_ids(v, kIds, kFrom, v.type(kTable).shape[0]);
  const Dim rows = expect_all_windows(v, kFrom);
  if (v.has(kBias)) v.expect_same(kBias, float_type({layout.outputs()}));
  expect_activation(v);
  return {float_type({rows, layout.outputs()})};
}

// Calls visit(row of the result, output channel, token, place in its table row) for every tap of
// every window that reads a token. `to` is the operand after `from_port`.
template <typename Visit>
void for_each_read(const EvalContext& v, std::size_t from_port, Visit visit) {
  const TapLayout layout = layout_of(v.node.attrs);
  const std::vector<Window> windows = windows_of(v.node.attrs);
  const auto from = offsets_of(v, from_port, tokens_of(v, from_port));
  const auto to = window_offsets_of(v, from_port + 1, from, windows[0]);
  for_each_output(layout, [&](const TapSegment& segment, std::int64_t c, std::int64_t output) {
    const Window& window = windows[static_cast<std::size_t>(segment.conv)];
    for (std::size_t b = 0; b + 1 < from.size(); ++b) {
      for (std::int64_t j = 0; j < to[b + 1] - to[b]; ++j) {
        for (std::int64_t k = 0; k < window.size; ++k) {
          const std::int64_t t = from[b] + j - window.left() + k * window.dilation;
          if (t < from[b] || t >= from[b + 1]) continue;
          visit(to[b] + j, output, t, layout.index(segment.conv, k, c));
        }
      }
    }
  });
}

void eval_tap_sum(const EvalContext& v) {
  const Tensor& table = *v.x[kTable];
  Tensor& y = v.y[0];
  if (v.x[kBias] != nullptr) {
    for (std::int64_t t = 0; t < y.rows(); ++t) {
      for (std::int64_t o = 0; o < y.columns(); ++o) at(y, t, o) = at(*v.x[kBias], 0, o);
    }
  }
  for_each_read(v, kFrom,
                [&](std::int64_t row, std::int64_t o, std::int64_t token, std::int64_t place) {
                  at(y, row, o) += at(table, table_row(v, kIds, token, table.rows()), place);
                });
  const Activation act = act_attr(v.node.attrs);
  for (double& value : y.data) value = activate(act, value);
}

void gradient_tap_sum(GradientContext& g) {
  Attrs attrs = g.node.attrs;
  const ValueId dz = gradient_before(g, act_attr(attrs), g.out(), g.dy[0]);
  attrs.erase("act");
  attrs["rows"] = rows_text(g, g.in(kTable));
  if (g.needs_grad[kTable]) {
    g.dx[kTable] = g.emit(ops::tap_sum_grad, {dz, g.in(kIds), g.in(kFrom), g.in(kTo)}, attrs);
  }
  if (g.in(kBias) != kNoValue && g.needs_grad[kBias]) {
    g.dx[kBias] = g.emit(ops::reduce_sum, {dz}, {{"axes", std::vector<std::int64_t>{0}}});
  }
}

std::vector<TensorType> infer_tap_sum_grad(const InferContext& v) {
  const TapLayout layout = checked_layout(v);
  const Dim rows = expect_rows(v);
  expect_ids(v, 1, 2, rows);
  v.expect_same(0, float_type({expect_all_windows(v, 2), layout.outputs()}));
  return {float_type({rows, layout.row_size()})};
}

void eval_tap_sum_grad(const EvalContext& v) {
  Tensor& dtable = v.y[0];
  for_each_read(v, 2,
                [&](std::int64_t row, std::int64_t o, std::int64_t token, std::int64_t place) {
                  at(dtable, table_row(v, 1, token, dtable.rows()), place) += at(*v.x[0], row, o);
                });
}

double flops_of_sums(const Graph& graph, const Node& node, const ElementCount& count) {
  double taps = 0.0;
  for (const std::int64_t kernel : ints_attr(node.attrs, "kernels")) {
    taps += static_cast<double>(kernel);
  }
  const bool gradient = node.op == &ops::tap_sum_grad;
  const TensorType& windows = graph[gradient ? node.inputs[0] : node.outputs[0]].type;
  return count(windows) * taps / static_cast<double>(ints_attr(node.attrs, "kernels").size());
}

}  // namespace

namespace ops {

const OpDef tap_sum{
    .name = "tap_sum",
    .doc = "act(convolutions + bias), a row per window, by their tap table",
    .inputs = {{"ids", "i32[T]; left out: row t is token t's", Arity::optional, OperandRole::ids},
               {"table", "f32[N, R]"},
               {"from", "i32[B+1 -> T]"},
               {"to", "i32[B+1 -> T']"},
               {"bias", "f32[O]", Arity::optional, OperandRole::weight}},
    .outputs = {{"y", "f32[T', O]"}},
    .attrs = tap_attrs(
        {dilation_attr(), padding_attr(), AttrDef{"act", "an activation, or \"\"", std::string()}}),
    .infer = infer_tap_sum,
    .reference = eval_tap_sum,
    .gradient = gradient_tap_sum,
    .bias_port = 5,
    .flops = flops_of_sums,
};

const OpDef tap_sum_grad{
    .name = "tap_sum_grad",
    .doc = "the gradient of tap_sum's table",
    .inputs = {{"dz", "f32[T', O]"},
               {"ids", "i32[T]; left out: row t is token t's", Arity::optional, OperandRole::ids},
               {"from", "i32[B+1 -> T]"},
               {"to", "i32[B+1 -> T']"}},
    .outputs = {{"dtable", "f32[N, R]"}},
    .attrs = tap_attrs({dilation_attr(), padding_attr(), rows_attr()}),
    .infer = infer_tap_sum_grad,
    .reference = eval_tap_sum_grad,
    .flops = flops_of_sums,
};

}  // namespace ops
}  // namespace weft
