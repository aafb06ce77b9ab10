// Row lookup, and its gradient: rows added up where they were looked up.
#include "ir/ops/common.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

std::vector<TensorType> infer_embedding(const InferContext& v) {
  v.expect_dtype(0, DType::i32);
  v.expect_rank(0, 1);
  const TensorType& table = expect_float(v, 1, 2);
  return {float_type({v.type(0).shape[0], table.shape[1]})};
}

void eval_embedding(const EvalContext& v) {
  const Tensor& table = *v.x[1];
  const std::int64_t width = table.columns();
  for (std::int64_t t = 0; t < v.x[0]->size(); ++t) {
    const std::int64_t id =
        checked_index(v, at(*v.x[0], 0, t), 0, table.rows(), fmt::format("ids[{}]", t));
    for (std::int64_t d = 0; d < width; ++d) at(v.y[0], t, d) = at(table, id, d);
  }
}

void gradient_embedding(GradientContext& g) {
  if (!g.needs_grad[1]) return;
  const Dim& rows = g.type(g.in(1)).shape[0];
  g.dx[1] = rows.is_static()
                ? g.emit(ops::embedding_grad, {g.in(0), g.dy[0]}, {{"rows", rows.value}})
                : g.emit(ops::embedding_grad, {g.in(0), g.dy[0], g.in(1)});
}

std::vector<TensorType> infer_embedding_grad(const InferContext& v) {
  v.expect_dtype(0, DType::i32);
  v.expect_rank(0, 1);
  const TensorType& dy = expect_float(v, 1, 2);
  if (dy.shape[0] != v.type(0).shape[0]) {
    v.fail(fmt::format("{} but {}", describe(v, 0), describe(v, 1)), "dy holds one row per id");
  }
  const std::int64_t rows = int_attr(v.attrs, "rows");
  if (v.has(2)) {
    const TensorType& like = expect_float(v, 2, 2);
    if (like.shape[1] != dy.shape[1])
      v.fail(fmt::format("{} but {}", describe(v, 1), describe(v, 2)));
    if (rows != 0) v.fail("rows and like are both given", "one of them counts the table's rows");
    return {like};
  }
  if (rows < 1) v.fail(fmt::format("rows is {}, but a table has at least one row", rows));
  return {float_type({rows, dy.shape[1]})};
}

void eval_embedding_grad(const EvalContext& v) {
  const Tensor& dy = *v.x[1];
  Tensor& table = v.y[0];
  for (std::int64_t t = 0; t < v.x[0]->size(); ++t) {
    const std::int64_t id =
        checked_index(v, at(*v.x[0], 0, t), 0, table.rows(), fmt::format("ids[{}]", t));
    for (std::int64_t d = 0; d < dy.columns(); ++d) at(table, id, d) += at(dy, t, d);
  }
}

}  // namespace

namespace ops {

const OpDef embedding{
    .name = "embedding",
    .doc = "the table's row for each id",
    .inputs = {{"ids", "i32[T]", Arity::one, OperandRole::ids},
               {"table", "f32[V, D]", Arity::one, OperandRole::weight}},
    .outputs = {{"y", "f32[T, D]"}},
    .infer = infer_embedding,
    .reference = eval_embedding,
    .gradient = gradient_embedding,
    .flops = [](const Graph&, const Node&, const ElementCount&) { return 0.0; },
};

const OpDef embedding_grad{
    .name = "embedding_grad",
    .doc = "the gradient of embedding's table: for each row, the sum over the places it was used",
    .inputs = {{"ids", "i32[T]", Arity::one, OperandRole::ids},
               {"dy", "f32[T, D]"},
               {"like", "f32[V, D], the table, where V is not fixed", Arity::optional}},
    .outputs = {{"dtable", "f32[V, D]"}},
    .attrs = {{"rows", "V, the rows of the table, where it is fixed", std::int64_t{0}}},
    .infer = infer_embedding_grad,
    .reference = eval_embedding_grad,
    .flops = [](const Graph& g, const Node& node,
                const ElementCount& count) { return count(g[node.inputs[1]].type); },
};

}  // namespace ops
}  // namespace weft
