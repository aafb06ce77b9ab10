// The sigmoid of fastText, which it looks up in a table: what models trained with it answer.
#include <cmath>

#include "ir/ops/nn/elementwise.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

double sigmoid_in_steps(double x) {
  if (x < -8) return 0;
  if (x > 8) return 1;
  return 1 / (1 + std::exp(-std::floor(x * 32) / 32));
}

}  // namespace

namespace ops {

const OpDef table_sigmoid{
    .name = "table_sigmoid",
    .doc = "1 / (1 + exp(-x)) of x rounded down to a 32nd; 0 where x < -8 and 1 where x > 8",
    .inputs = x_port(),
    .outputs = y_port(),
    .infer = infer_unary,
    .reference = [](const EvalContext& v) { map_one(v, sigmoid_in_steps); },
    .in_place = {1},
    .rowwise = true,
};

}  // namespace ops
}  // namespace weft
