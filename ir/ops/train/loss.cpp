// Losses: cross_entropy over classes, binary_cross_entropy per label; both from logits.
#include <algorithm>
#include <cmath>

#include "ir/ops/common.h"
#include "ir/ops/nn/activation.h"
#include "ir/ops/nn/softmax.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

void check_class_weights(const InferContext& v, const Dim& classes) {
  const std::vector<double> weights = floats_attr(v.attrs, "class_weights");
  if (!weights.empty() && Dim(static_cast<std::int64_t>(weights.size())) != classes) {
    v.fail(fmt::format("class_weights has {} numbers, but there are {} classes", weights.size(),
                       to_string(classes)),
           "give one weight per class, or none");
  }
}

std::vector<TensorType> infer_cross_entropy(const InferContext& v) {
  const TensorType& logits = expect_float(v, 0, 2);
  v.expect_same(1, int_type({logits.shape[0]}));
  check_class_weights(v, logits.shape[1]);
  return {float_type({}), logits};
}

std::vector<TensorType> infer_cross_entropy_grad(const InferContext& v) {
  const TensorType& p = expect_float(v, 0, 2);
  v.expect_same(1, int_type({p.shape[0]}));
  expect_scalar(v, 2, DType::f32);
  check_class_weights(v, p.shape[1]);
  return {p};
}

// The target of one example: `on` for its label, with class weight and smoothing, and `off[c]`
// for every class. loss = sum over examples of -(on log p[label] + sum of off log p) / total.
struct Targets {
  std::vector<std::int64_t> labels;
  std::vector<double> on;
  std::vector<double> off;
  double total = 0;  // of the examples' class weights; 0: there is nothing to learn from
};

Targets read_targets(const EvalContext& v, std::int64_t classes) {
  std::vector<double> weights = floats_attr(v.node.attrs, "class_weights");
  weights.resize(static_cast<std::size_t>(classes), 1.0);
  const double smoothing = float_attr(v.node.attrs, "label_smoothing");
  Targets targets;
  for (std::int64_t i = 0; i < v.x[1]->size(); ++i) {
    const std::int64_t label =
        checked_index(v, at(*v.x[1], 0, i), 0, classes, fmt::format("labels[{}]", i));
    const double weight = weights[static_cast<std::size_t>(label)];
    targets.labels.push_back(label);
    targets.on.push_back((1.0 - smoothing) * weight);
    targets.total += weight;
  }
  for (const double weight : weights) {
    targets.off.push_back(smoothing * weight / static_cast<double>(classes));
  }
  return targets;
}

void eval_cross_entropy(const EvalContext& v) {
  const Tensor& logits = *v.x[0];
  const Targets targets = read_targets(v, logits.columns());
  double loss = 0;
  for (std::int64_t b = 0; b < logits.rows(); ++b) {
    const double norm = log_sum_exp(logits, b);
    const auto example = static_cast<std::size_t>(b);
    for (std::int64_t c = 0; c < logits.columns(); ++c) {
      const double log_p = at(logits, b, c) - norm;
      const double target = targets.off[static_cast<std::size_t>(c)] +
                            (c == targets.labels[example] ? targets.on[example] : 0.0);
      if (target != 0) loss -= target * log_p;
      at(v.y[1], b, c) = std::exp(log_p);
    }
  }
  v.y[0].data[0] = targets.total > 0 ? loss / targets.total : 0.0;
}

void eval_cross_entropy_grad(const EvalContext& v) {
  const Tensor& p = *v.x[0];
  const Targets targets = read_targets(v, p.columns());
  if (targets.total == 0) return;
  const double factor = v.x[2]->data[0] / targets.total;
  double off_sum = 0;
  for (const double off : targets.off) off_sum += off;
  for (std::int64_t b = 0; b < p.rows(); ++b) {
    const auto example = static_cast<std::size_t>(b);
    const double on = targets.on[example];
    for (std::int64_t c = 0; c < p.columns(); ++c) {
      const double target =
          targets.off[static_cast<std::size_t>(c)] + (c == targets.labels[example] ? on : 0.0);
      at(v.y[0], b, c) = factor * ((on + off_sum) * at(p, b, c) - target);
    }
  }
}

void gradient_cross_entropy(GradientContext& g) {
  ValueId dx = kNoValue;
  if (g.dy[0] != kNoValue) {
    dx = g.emit(ops::cross_entropy_grad, {g.out(1), g.in(1), g.dy[0]}, g.node.attrs);
  }
  if (g.dy[1] != kNoValue) {
    const ValueId through_p = g.emit(ops::softmax_grad, {g.out(1), g.dy[1]});
    dx = dx == kNoValue ? through_p : g.emit(ops::add, {dx, through_p});
  }
  g.dx[0] = dx;
}

std::vector<TensorType> infer_binary_cross_entropy(const InferContext& v) {
  const TensorType& logits = expect_float(v, 0, 2);
  v.expect_same(1, logits);
  check_class_weights(v, logits.shape[1]);
  return {float_type({})};
}

std::vector<TensorType> infer_binary_cross_entropy_grad(const InferContext& v) {
  const TensorType& logits = expect_float(v, 0, 2);
  v.expect_same(1, logits);
  expect_scalar(v, 2, DType::f32);
  check_class_weights(v, logits.shape[1]);
  return {logits};
}

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

// Calls visit(i, logit, weight of "yes", weight of "no") for every element.
template <class Visit>
void for_each_label(const EvalContext& v, Visit visit) {
  const Tensor &logits = *v.x[0], &targets = *v.x[1];
  const std::vector<double> weights = floats_attr(v.node.attrs, "class_weights");
  const double smoothing = float_attr(v.node.attrs, "label_smoothing");
  for (std::size_t i = 0; i < logits.data.size(); ++i) {
    const double yes = targets.data[i] * (1.0 - smoothing) + 0.5 * smoothing;
    const double weight = weights.empty() ? 1.0 : weights[i % weights.size()];
    visit(i, logits.data[i], weight * yes, 1.0 - yes);
  }
}

void eval_binary_cross_entropy(const EvalContext& v) {
  double loss = 0;
  for_each_label(v, [&](std::size_t, double x, double yes, double no) {
    loss += yes * softplus(-x) + no * softplus(x);
  });
  const auto n = static_cast<double>(v.x[0]->size());
  v.y[0].data[0] = n > 0 ? loss / n : 0.0;
}

void eval_binary_cross_entropy_grad(const EvalContext& v) {
  const double factor = v.x[2]->data[0] / static_cast<double>(v.x[0]->size());
  for_each_label(v, [&](std::size_t i, double x, double yes, double no) {
    const double p = activate(Activation::sigmoid, x);
    v.y[0].data[i] = factor * (no * p - yes * (1.0 - p));
  });
}

void gradient_binary_cross_entropy(GradientContext& g) {
  if (!g.needs_grad[0]) return;
  g.dx[0] = g.emit(ops::binary_cross_entropy_grad, {g.in(0), g.in(1), g.dy[0]}, g.node.attrs);
}

std::vector<AttrDef> loss_attrs(std::string_view weights) {
  return {
      {.name = "class_weights", .doc = weights, .default_value = std::vector<double>{}, .low = 0},
      {.name = "label_smoothing",
       .doc = "the share of a target that goes to all classes alike",
       .default_value = 0.0,
       .low = 0,
       .high = 1}};
}
constexpr std::string_view kWeights = "one per class; an example counts by its label's";
constexpr std::string_view kPositiveWeights = "one per label, times the loss of its positives";

double flops_of_loss(const Graph& graph, const Node& node, const ElementCount& count) {
  return 6.0 * count(graph[node.inputs[0]].type);
}

}  // namespace

namespace ops {

// Label smoothing as in Szegedy et al., "Rethinking the Inception architecture", CVPR 2016.
const OpDef cross_entropy{
    .name = "cross_entropy",
    .doc = "the weighted mean of -log softmax(logits)[label], and the softmax",
    .inputs = {{"logits", "f32[B, C]"}, {"labels", "i32[B]"}},
    .outputs = {{"loss", "f32[]"}, {"p", "f32[B, C]"}},
    .attrs = loss_attrs(kWeights),
    .infer = infer_cross_entropy,
    .reference = eval_cross_entropy,
    .gradient = gradient_cross_entropy,
    .in_place = {0, 1},
    .flops = flops_of_loss,
};

const OpDef cross_entropy_grad{
    .name = "cross_entropy_grad",
    .doc = "the gradient of cross_entropy's logits",
    .inputs = {{"p", "f32[B, C]"}, {"labels", "i32[B]"}, {"dloss", "f32[]"}},
    .outputs = {{"dlogits", "f32[B, C]"}},
    .attrs = loss_attrs(kWeights),
    .infer = infer_cross_entropy_grad,
    .reference = eval_cross_entropy_grad,
    .in_place = {1},
};

const OpDef binary_cross_entropy{
    .name = "binary_cross_entropy",
    .doc =
        "the mean over all labels of -log of the probability that sigmoid(logits) gives the target",
    .inputs = {{"logits", "f32[B, C]"}, {"targets", "f32[B, C]"}},
    .outputs = {{"loss", "f32[]"}},
    .attrs = loss_attrs(kPositiveWeights),
    .infer = infer_binary_cross_entropy,
    .reference = eval_binary_cross_entropy,
    .gradient = gradient_binary_cross_entropy,
    .flops = flops_of_loss,
};

const OpDef binary_cross_entropy_grad{
    .name = "binary_cross_entropy_grad",
    .doc = "the gradient of binary_cross_entropy's logits",
    .inputs = {{"logits", "f32[B, C]"}, {"targets", "f32[B, C]"}, {"dloss", "f32[]"}},
    .outputs = {{"dlogits", "f32[B, C]"}},
    .attrs = loss_attrs(kPositiveWeights),
    .infer = infer_binary_cross_entropy_grad,
    .reference = eval_binary_cross_entropy_grad,
    .in_place = {1},
};

}  // namespace ops
}  // namespace weft
