// Sums of rows that have a weight each, and the weights of terms by TF-IDF (Salton and Buckley
// 1988), in its binary form: how often a term stands in a text does not count.
#include <cmath>
#include <map>

#include "ir/ops/common.h"
#include "ir/ops/nn/pool.h"
#include "ir/ops/nn/sequence.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

std::vector<TensorType> infer_term_weights(const InferContext& v) {
  v.expect_dtype(0, DType::i32);
  v.expect_rank(0, 1);
  v.expect_offsets(1, v.type(0).shape[0]);
  expect_float(v, 2, 2);
  return {float_type({v.type(0).shape[0]})};
}

void eval_term_weights(const EvalContext& v) {
  const Tensor &ids = *v.x[0], &importance = *v.x[2];
  const auto offsets = offsets_of(v, 1, ids.size());
  const std::int64_t kinds = importance.columns();
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    std::map<std::int64_t, std::int64_t> times;
    for (std::int64_t t = offsets[b]; t < offsets[b + 1]; ++t) {
      ++times[checked_index(v, at(ids, 0, t), 0, importance.rows(), fmt::format("ids[{}]", t))];
    }
    for (std::int64_t k = 0; k < kinds; ++k) {
      double squares = 0;
      for (const auto& [id, _] : times) squares += at(importance, id, k) * at(importance, id, k);
      if (squares == 0) continue;
      for (std::int64_t t = offsets[b]; t < offsets[b + 1]; ++t) {
        const auto id = static_cast<std::int64_t>(at(ids, 0, t));
        at(v.y[0], 0, t) +=
            at(importance, id, k) / std::sqrt(squares) / static_cast<double>(times[id]);
      }
    }
  }
}

// One weight for each row of operand 0.
void expect_weights(const InferContext& v, std::size_t port, const Dim& rows) {
  if (v.type(port) == float_type({rows})) return;
  v.fail(fmt::format("{} but there are {} rows", describe(v, port), to_string(rows)),
         fmt::format("{} holds one number per row", v.op.inputs[port].name));
}

std::vector<TensorType> infer_weighted_sum(const InferContext& v) {
  const Shape shape = pooled_shape_of(v, 2);
  expect_weights(v, 1, v.type(0).shape[0]);
  return {float_type(shape)};
}

// Calls visit(sequence, row) for each row of the sequences of the offsets at `port`.
template <typename Visit>
void for_each_row(const EvalContext& v, std::size_t port, std::int64_t rows, Visit visit) {
  const auto offsets = offsets_of(v, port, rows);
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    for (std::int64_t t = offsets[b]; t < offsets[b + 1]; ++t) {
      visit(static_cast<std::int64_t>(b), t);
    }
  }
}

void eval_weighted_sum(const EvalContext& v) {
  const Tensor &x = *v.x[0], &weights = *v.x[1];
  for_each_row(v, 2, x.rows(), [&](std::int64_t b, std::int64_t t) {
    for (std::int64_t c = 0; c < x.columns(); ++c) {
      at(v.y[0], b, c) += at(weights, 0, t) * at(x, t, c);
    }
  });
}

void gradient_weighted_sum(GradientContext& g) {
  if (g.needs_grad[0]) {
    g.dx[0] = g.emit(ops::weighted_sum_input_grad, {g.dy[0], g.in(1), g.in(2)});
  }
  if (g.needs_grad[1]) {
    g.dx[1] = g.emit(ops::weighted_sum_weight_grad, {g.dy[0], g.in(0), g.in(2)});
  }
}

std::vector<TensorType> infer_weighted_sum_input_grad(const InferContext& v) {
  const TensorType dx = unpooled_type_of(v, 2);
  expect_weights(v, 1, dx.shape[0]);
  return {dx};
}

void eval_weighted_sum_input_grad(const EvalContext& v) {
  const Tensor &dy = *v.x[0], &weights = *v.x[1];
  for_each_row(v, 2, weights.size(), [&](std::int64_t b, std::int64_t t) {
    for (std::int64_t c = 0; c < dy.columns(); ++c) {
      at(v.y[0], t, c) = at(weights, 0, t) * at(dy, b, c);
    }
  });
}

std::vector<TensorType> infer_weighted_sum_weight_grad(const InferContext& v) {
  const TensorType x = unpooled_type_of(v, 2);
  v.expect_same(1, x);
  return {float_type({x.shape[0]})};
}

void eval_weighted_sum_weight_grad(const EvalContext& v) {
  const Tensor &dy = *v.x[0], &x = *v.x[1];
  for_each_row(v, 2, x.rows(), [&](std::int64_t b, std::int64_t t) {
    for (std::int64_t c = 0; c < dy.columns(); ++c) at(v.y[0], 0, t) += at(dy, b, c) * at(x, t, c);
  });
}

// A product and a sum for each number of the rows.
double flops_of_rows(const Graph& graph, const Node& node, const ElementCount& count) {
  return 2.0 * count(graph[node.inputs[0]].type);
}

}  // namespace

namespace ops {

const OpDef term_weights{
    .name = "term_weights",
    .doc =
        "each id's importance, over its norm (the root of the sum of squares of the sequence's "
        "distinct ids), added up over the kinds, and over how often the id stands in the sequence",
    .inputs = {{"ids", "i32[T]", Arity::one, OperandRole::ids},
               {"offsets", "i32[B+1 -> T]"},
               {"table", "f32[V, K], of importance, in a column for each kind of terms", Arity::one,
                OperandRole::statistic}},
    .outputs = {{"weights", "f32[T]"}},
    .infer = infer_term_weights,
    .reference = eval_term_weights,
};

const OpDef weighted_sum{
    .name = "weighted_sum",
    .doc = "the sum of each sequence's rows, each times its weight",
    .inputs = {{"x", "f32[T, C]"}, {"weights", "f32[T]"}, {"offsets", "i32[B+1 -> T]"}},
    .outputs = {{"y", "f32[B, C]"}},
    .infer = infer_weighted_sum,
    .reference = eval_weighted_sum,
    .gradient = gradient_weighted_sum,
    .flops = flops_of_rows,
};

const OpDef weighted_sum_input_grad{
    .name = "weighted_sum_input_grad",
    .doc = "the gradient of weighted_sum's x: each row's weight times its sequence's dy",
    .inputs = {{"dy", "f32[B, C]"}, {"weights", "f32[T]"}, {"offsets", "i32[B+1 -> T]"}},
    .outputs = {{"dx", "f32[T, C]"}},
    .infer = infer_weighted_sum_input_grad,
    .reference = eval_weighted_sum_input_grad,
};

const OpDef weighted_sum_weight_grad{
    .name = "weighted_sum_weight_grad",
    .doc = "the gradient of weighted_sum's weights: each row's product with its sequence's dy",
    .inputs = {{"dy", "f32[B, C]"}, {"x", "f32[T, C]"}, {"offsets", "i32[B+1 -> T]"}},
    .outputs = {{"dweights", "f32[T]"}},
    .infer = infer_weighted_sum_weight_grad,
    .reference = eval_weighted_sum_weight_grad,
};

}  // namespace ops
}  // namespace weft
