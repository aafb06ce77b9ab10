// The sigmoid of fastText, which it looks up in a table: what models trained with it answer.
#include <cmath>

#include "ir/ops/common.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

std::vector<TensorType> infer_table_sigmoid(const InferContext& v) {
  v.expect_dtype(0, DType::f32);
  return {v.type(0)};
}

double table_sigmoid(double x) {
  if (x < -8) return 0;
  if (x > 8) return 1;
  return 1 / (1 + std::exp(-std::floor(x * 32) / 32));
}

void eval_table_sigmoid(const EvalContext& v) {
  for (std::size_t i = 0; i < v.y[0].data.size(); ++i) {
    v.y[0].data[i] = table_sigmoid(v.x[0]->data[i]);
  }
}

}  // namespace

namespace ops {

const OpDef table_sigmoid{
    .name = "table_sigmoid",
    .doc = "1 / (1 + exp(-x)) of x rounded down to a 32nd; 0 where x < -8 and 1 where x > 8",
    .inputs = {{"x", "f32[..]"}},
    .outputs = {{"y", "f32[..]"}},
    .infer = infer_table_sigmoid,
    .reference = eval_table_sigmoid,
    .in_place = {1},
    .rowwise = true,
};

}  // namespace ops
}  // namespace weft
