// Rows of packed sequences: where each stands in its sequence, and the first or last of each.
#include "ir/ops/common.h"
#include "ir/ops/nn/sequence.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

std::vector<TensorType> infer_positions(const InferContext& v) {
  return {int_type({rows_of(v, 0)})};
}

void eval_positions(const EvalContext& v) {
  Tensor& y = v.y[0];
  const auto offsets = offsets_of(v, 0, y.size());
  const std::int64_t first = int_attr(v.node.attrs, "first");
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    for (std::int64_t t = offsets[b]; t < offsets[b + 1]; ++t) {
      y.data[static_cast<std::size_t>(t)] = static_cast<double>(t - offsets[b] + first);
    }
  }
}

bool picks_last(const Attrs& attrs) { return string_attr(attrs, "which") == "last"; }

void expect_which(const InferContext& v) {
  const std::string& which = string_attr(v.attrs, "which");
  if (which == "first" || which == "last") return;
  v.fail(fmt::format("which is \"{}\"", which), "it is \"first\" or \"last\"");
}

std::vector<TensorType> infer_pick_row(const InferContext& v) {
  const Shape& x = expect_float(v, 0, 2).shape;
  v.expect_offsets(1, x[0]);
  expect_which(v);
  return {float_type({examples_of(v.type(1)), x[1]})};
}

// picked(b, t) for each sequence b that has rows: t is the row picked.
template <class Picked>
void each_picked(const EvalContext& v, std::int64_t rows, Picked picked) {
  const auto offsets = offsets_of(v, 1, rows);
  const bool last = picks_last(v.node.attrs);
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    if (offsets[b] == offsets[b + 1]) continue;
    picked(static_cast<std::int64_t>(b), last ? offsets[b + 1] - 1 : offsets[b]);
  }
}

void eval_pick_row(const EvalContext& v) {
  const Tensor& x = *v.x[0];
  each_picked(v, x.rows(), [&](std::int64_t b, std::int64_t t) {
    for (std::int64_t c = 0; c < x.columns(); ++c) at(v.y[0], b, c) = at(x, t, c);
  });
}

void gradient_pick_row(GradientContext& g) {
  g.dx[0] = g.emit(ops::pick_row_grad, {g.dy[0], g.in(1)}, g.node.attrs);
}

std::vector<TensorType> infer_pick_row_grad(const InferContext& v) {
  const Shape& dy = expect_float(v, 0, 2).shape;
  const Dim rows = rows_of(v, 1);
  if (dy[0] != examples_of(v.type(1))) {
    v.fail(fmt::format("{} but {}", describe(v, 0), describe(v, 1)),
           "dy holds one row per sequence");
  }
  expect_which(v);
  return {float_type({rows, dy[1]})};
}

void eval_pick_row_grad(const EvalContext& v) {
  const Tensor& dy = *v.x[0];
  each_picked(v, v.y[0].rows(), [&](std::int64_t b, std::int64_t t) {
    for (std::int64_t c = 0; c < dy.columns(); ++c) at(v.y[0], t, c) = at(dy, b, c);
  });
}

double no_flops(const Graph&, const Node&, const ElementCount&) { return 0.0; }

}  // namespace

namespace ops {

const OpDef positions{
    .name = "positions",
    .doc = "where each row stands in its sequence, counted from `first`",
    .inputs = {{"offsets", "i32[B+1 -> T]"}},
    .outputs = {{"y", "i32[T]"}},
    .attrs = {{"first", "the position of a sequence's first row", std::int64_t{0}, {}, 0, 1 << 20}},
    .infer = infer_positions,
    .reference = eval_positions,
    .flops = no_flops,
};

const OpDef pick_row{
    .name = "pick_row",
    .doc = "the first or the last row of each sequence; zeros for an empty one",
    .inputs = {{"x", "f32[T, C]"}, {"offsets", "i32[B+1 -> T]"}},
    .outputs = {{"y", "f32[B, C]"}},
    .attrs = {{"which", "first or last", std::string("first")}},
    .infer = infer_pick_row,
    .reference = eval_pick_row,
    .gradient = gradient_pick_row,
    .flops = no_flops,
};

const OpDef pick_row_grad{
    .name = "pick_row_grad",
    .doc = "the gradient of pick_row's x: dy in the rows picked, zeros elsewhere",
    .inputs = {{"dy", "f32[B, C]"}, {"offsets", "i32[B+1 -> T]"}},
    .outputs = {{"dx", "f32[T, C]"}},
    .attrs = {{"which", "first or last", std::string("first")}},
    .infer = infer_pick_row_grad,
    .reference = eval_pick_row_grad,
    .flops = no_flops,
};

}  // namespace ops
}  // namespace weft
