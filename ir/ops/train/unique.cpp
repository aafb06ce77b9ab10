// The distinct ids of a batch, so that work on their rows is done once for each.
#include <algorithm>

#include "ir/ops/common.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

std::string symbol_of(const TensorType& ids) { return ids.shape[0].symbol + ".unique"; }

std::vector<TensorType> infer_unique(const InferContext& v) {
  v.expect_dtype(0, DType::i32);
  v.expect_rank(0, 1);
  const Dim& tokens = v.type(0).shape[0];
  if (tokens.is_static() || tokens.value != 0) {
    v.fail(describe(v, 0) + ", but must be counted by a size of the program: i32[T]");
  }
  const std::int64_t size = int_attr(v.attrs, "size");
  if (size < 1) v.fail(fmt::format("size is {}, but a table has at least one row", size));
  const std::int64_t capacity = std::min(v.capacity(tokens.symbol), size);
  const std::string symbol = symbol_of(v.type(0));
  const Dim distinct = v.derive(symbol, capacity);
  if (v.capacity(symbol) < capacity) {
    v.fail(fmt::format("{} is declared with capacity {}, but there may be {} distinct ids", symbol,
                       v.capacity(symbol), capacity),
           "leave the declaration out: it is made by this op");
  }
  return {int_type({distinct}), int_type({tokens})};
}

void eval_unique(const EvalContext& v) {
  const Tensor& ids = *v.x[0];
  const std::int64_t size = int_attr(v.node.attrs, "size");
  std::vector<double> distinct;
  for (std::int64_t t = 0; t < ids.size(); ++t) {
    const double id = at(ids, 0, t);
    checked_index(v, id, 0, size, fmt::format("ids[{}]", t));
    const auto found = std::ranges::find(distinct, id);
    at(v.y[1], 0, t) = static_cast<double>(found - distinct.begin());
    if (found == distinct.end()) distinct.push_back(id);
  }
  v.bind(symbol_of(v.graph[v.node.inputs[0]].type), static_cast<std::int64_t>(distinct.size()));
  v.y[0].data = distinct;
}

}  // namespace

namespace ops {

const OpDef unique{
    .name = "unique",
    .doc = "the distinct ids in the order of their first use, and for each id its place among them",
    .inputs = {{"ids", "i32[T]", Arity::one, OperandRole::ids}},
    .outputs = {{"distinct", "i32[T.unique]"}, {"inverse", "i32[T]"}},
    .attrs = {required("size", "V, above every id", std::int64_t{})},
    .infer = infer_unique,
    .reference = eval_unique,
};

}  // namespace ops
}  // namespace weft
