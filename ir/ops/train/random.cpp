// Dropout of numbers and of words: random numbers are a function of (seed, step, stream, element
// index).
#include "ir/random.h"

#include "ir/ops/common.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

std::vector<TensorType> infer_random(const InferContext& v, DType dtype) {
  v.expect_dtype(0, dtype);
  expect_scalar(v, 1, DType::i32);
  expect_scalar(v, 2, DType::i32);
  const double rate = float_attr(v.attrs, "rate");
  if (!(rate >= 0 && rate < 1)) {
    v.fail(fmt::format("rate is {}, but must be at least 0 and below 1", rate),
           "rate is the share of elements that become 0");
  }
  return {v.type(0)};
}

// Elements that are kept are multiplied, others become 0.
void eval_random(const EvalContext& v, double factor) {
  const RandomKey key =
      random_key(integer_operand(v, 1), integer_operand(v, 2), int_attr(v.node.attrs, "stream"));
  const std::uint32_t threshold = dropout_threshold(float_attr(v.node.attrs, "rate"));
  const std::vector<double>& x = v.x[0]->data;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool keep = random_bits(key, static_cast<std::uint32_t>(i)) >= threshold;
    v.y[0].data[i] = keep ? x[i] * factor : 0.0;
  }
}

void eval_dropout(const EvalContext& v) {
  eval_random(v, 1.0 / (1.0 - float_attr(v.node.attrs, "rate")));
}

void gradient_dropout(GradientContext& g) {
  g.dx[0] = g.emit(ops::dropout, {g.dy[0], g.in(1), g.in(2)}, g.node.attrs);
}

std::vector<ValueId> as_given(Graph&, const Node& node) { return {node.inputs[0]}; }

}  // namespace

namespace ops {

// Srivastava et al., "Dropout", JMLR 15, 2014; scaled in training, so that prediction needs
// nothing.
const OpDef dropout{
    .name = "dropout",
    .doc = "0 with probability `rate`, else x / (1 - rate); the same for the same seed and step",
    .inputs = {{"x", "f32[..]"},
               {"seed", "i32[]"},
               {"step", "i32[]", Arity::one, OperandRole::step}},
    .outputs = {{"y", "f32[..]"}},
    .attrs = {required("rate", "the share of elements that become 0", 0.0),
              required("stream", "a number of its own for each dropout", std::int64_t{})},
    .infer = [](const InferContext& v) { return infer_random(v, DType::f32); },
    .reference = eval_dropout,
    .gradient = gradient_dropout,
    .in_place = {1},
    .inference = as_given,
};

// Word dropout as in Iyyer et al., "Deep unordered composition rivals syntactic methods for text
// classification", ACL 2015.
const OpDef token_dropout{
    .name = "token_dropout",
    .doc = "0, the unknown word, with probability `rate`, else the id; the same for the same step",
    .inputs = {{"ids", "i32[..]", Arity::one, OperandRole::ids},
               {"seed", "i32[]"},
               {"step", "i32[]", Arity::one, OperandRole::step}},
    .outputs = {{"new_ids", "i32[..]"}},
    .attrs = {required("rate", "the share of ids that become 0", 0.0),
              required("stream", "a number of its own for each use", std::int64_t{})},
    .infer = [](const InferContext& v) { return infer_random(v, DType::i32); },
    .reference = [](const EvalContext& v) { eval_random(v, 1.0); },
    .inference = as_given,
    .former_name = "drop_ids",
};

}  // namespace ops
}  // namespace weft
