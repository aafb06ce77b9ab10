// The gradients of a max-pooled convolution of looked-up rows, from the winning windows alone.
//
// Max pooling sends a channel's gradient to one window of each sequence: a few rows of input and
// weights, where the general gradient goes through a whole table.
#include "ir/ops/ops.h"
#include "ir/ops/taps/tap_rows.h"

namespace weft {
namespace {

enum Port : std::size_t { kDz, kArgmax, kIds, kOffsets, kRest };

void expect_winners(const InferContext& v, const TapLayout& layout, const Dim& rows) {
  expect_ids(v, kIds, kOffsets, rows);
  expect_dilation(v);
  const Shape shape{examples_of(v.type(kOffsets)), layout.outputs()};
  v.expect_same(kDz, float_type(shape));
  v.expect_same(kArgmax, int_type(shape));
}

std::vector<TensorType> infer_input_grad(const InferContext& v) {
  v.expect_rank(kRest, 3);
  const Dim d = v.type(kRest).shape[1], rows = expect_rows(v);
  const TapSizes sizes = expect_weights(v, kRest, d);
  expect_winners(v, checked_layout(v, sizes.kernels, sizes.channels, DType::f32), rows);
  return {float_type({rows, d})};
}

void eval_input_grad(const EvalContext& v) {
  Tensor& de = v.y[0];
  std::vector<std::int64_t> kernels, channels;
  for (std::size_t i = kRest; i < v.x.size(); ++i) {
    kernels.push_back(v.x[i]->shape[0]);
    channels.push_back(v.x[i]->shape[2]);
  }
  for_each_winner(v, {kernels, channels, DType::f32}, [&](const TapWinner& winner) {
    const Tensor& w = *v.x[kRest + static_cast<std::size_t>(winner.conv)];
    const std::int64_t row = table_row(v, kIds, winner.token, de.rows());
    for (std::int64_t d = 0; d < de.columns(); ++d) {
      at(de, row, d) += winner.dz * at(w, winner.tap * de.columns() + d, winner.channel);
    }
  });
}

std::vector<TensorType> infer_weight_grad(const InferContext& v) {
  const Shape& e = expect_float(v, kRest, 2).shape;
  expect_winners(v, checked_layout(v), e[0]);
  return {weights_at_index(v, e[1])};
}

void eval_weight_grad(const EvalContext& v) {
  const Tensor& e = *v.x[kRest];
  const std::int64_t index = int_attr(v.node.attrs, "index");
  for_each_winner(v, layout_of(v.node.attrs), [&](const TapWinner& winner) {
    if (winner.conv != index) return;
    const std::int64_t row = table_row(v, kIds, winner.token, e.rows());
    for (std::int64_t d = 0; d < e.columns(); ++d) {
      at(v.y[0], winner.tap * e.columns() + d, winner.channel) += winner.dz * at(e, row, d);
    }
  });
}

std::vector<PortDef> winner_ports(const PortDef& last) {
  return {{"dz", "f32[B, O]", Arity::one, OperandRole::gradient},
          {"argmax", "i32[B, O]"},
          {"ids", "i32[T]; left out: row t is token t's", Arity::optional, OperandRole::ids},
          {"offsets", "i32[B+1 -> T]"},
          last};
}

// A multiplication and an addition per winner, tap and number of an input row.
double flops_of_winners(const Graph& graph, const Node& node, const ElementCount& count) {
  const Dim examples = examples_of(graph[node.inputs[kOffsets]].type);
  if (node.op == &ops::sparse_tap_weight_grad) {
    return 2.0 * extent_of(examples, count) * count(graph[node.outputs[0]].type);
  }
  double weights = 0.0;
  for (std::size_t i = kRest; i < node.inputs.size(); ++i) {
    weights += count(graph[node.inputs[i]].type);
  }
  return 2.0 * extent_of(examples, count) * weights;
}

}  // namespace

namespace ops {

const OpDef sparse_tap_input_grad{
    .name = "sparse_tap_input_grad",
    .doc = "tap_table_input_grad(tap_max_pool_grad(..), w..): the gradient of the rows e",
    .inputs = winner_ports({"w", "f32[K, D, O]", Arity::variadic, OperandRole::weight}),
    .outputs = {{"de", "f32[N, D]"}},
    .attrs = {dilation_attr(), rows_attr()},
    .infer = infer_input_grad,
    .reference = eval_input_grad,
    .flops = flops_of_winners,
};

const OpDef sparse_tap_weight_grad{
    .name = "sparse_tap_weight_grad",
    .doc = "tap_table_weight_grad(e, tap_max_pool_grad(..)): the gradient of one convolution's w",
    .inputs = winner_ports({"e", "f32[N, D]"}),
    .outputs = {{"dw", "f32[K, D, O]"}},
    .attrs = tap_attrs(
        {dilation_attr(), required("index", "which convolution, from 0", std::int64_t{})}),
    .infer = infer_weight_grad,
    .reference = eval_weight_grad,
    .flops = flops_of_winners,
};

}  // namespace ops
}  // namespace weft
