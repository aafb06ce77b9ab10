// Hierarchical softmax: the probability of a label is the product of the decisions on the way from
// the root of a tree to it (Morin and Bengio 2005; Mikolov et al. 2013).
#include "ir/ops/nn/tree_softmax.h"

#include <algorithm>
#include <cmath>

#include "ir/ops/common.h"
#include "ir/ops/nn/activation.h"
#include "ir/ops/ops.h"

namespace weft {

LabelTree expect_tree(const InferContext& v, std::size_t port) {
  v.expect_dtype(port, DType::i32);
  v.expect_rank(port, 1);
  const Dim& entries = v.type(port).shape[0];
  if (!entries.is_static() || entries.value < 2 || entries.value % 2 != 0) {
    v.fail(describe(v, port), "the tree of L labels is i32[2L-2]; there are two labels at least");
  }
  return LabelTree::of_size(entries.value);
}

std::int64_t slot_of(const EvalContext& v, std::size_t port, std::int64_t i) {
  const Tensor& entries = *v.x[port];
  const LabelTree tree = LabelTree::of_size(entries.size());
  return checked_index(v, at(entries, 0, i), tree.first_slot(i), tree.slots(),
                       fmt::format("tree[{}]", i));
}

namespace {

void check_epsilon(const InferContext& v) {
  const double epsilon = float_attr(v.attrs, "epsilon");
  if (!(epsilon >= 0 && epsilon < 1)) {
    v.fail(fmt::format("epsilon is {}, but must be from 0 to below 1", epsilon));
  }
}

LabelTree expect_scores(const InferContext& v) {
  const LabelTree tree = expect_tree(v, 1);
  const TensorType& scores = expect_float(v, 0, 2);
  if (scores.shape[1] != Dim(tree.labels - 1)) {
    v.fail(fmt::format("{} but {}", describe(v, 0), describe(v, 1)),
           fmt::format("scores has one column for each of the {} inner nodes", tree.labels - 1));
  }
  check_epsilon(v);
  return tree;
}

std::vector<TensorType> infer_tree_softmax(const InferContext& v) {
  const LabelTree tree = expect_scores(v);
  const TensorType y = float_type({v.type(0).shape[0], Dim(tree.labels)});
  return {y, y};
}

std::vector<TensorType> infer_tree_softmax_grad(const InferContext& v) {
  const LabelTree tree = expect_scores(v);
  v.expect_same(2, float_type({v.type(0).shape[0], Dim(tree.labels)}));
  return {v.type(0)};
}

// -log(1 + exp(-x)), the logarithm of sigmoid(x).
double log_sigmoid(double x) { return std::min(x, 0.0) - std::log1p(std::exp(-std::abs(x))); }

// The logarithm of the probability, sigmoid(x), that a decision goes right; of -x: left.
double log_decision(double x, double epsilon) {
  return epsilon == 0 ? log_sigmoid(x) : std::log(activate(Activation::sigmoid, x) + epsilon);
}

// Its derivative.
double slope_of_decision(double x, double epsilon) {
  const double p = activate(Activation::sigmoid, x), q = activate(Activation::sigmoid, -x);
  return epsilon == 0 ? q : p * q / (p + epsilon);
}

std::vector<std::int64_t> read_tree(const EvalContext& v) {
  std::vector<std::int64_t> slots;
  for (std::int64_t i = 0; i < v.x[1]->size(); ++i) slots.push_back(slot_of(v, 1, i));
  return slots;
}

// From the root down: what leads to a node joins what leads on from it.
void eval_tree_softmax(const EvalContext& v) {
  const Tensor& scores = *v.x[0];
  const double epsilon = float_attr(v.node.attrs, "epsilon");
  const std::vector<std::int64_t> tree = read_tree(v);
  const std::int64_t labels = v.y[0].columns(), nodes = scores.columns();
  const auto slot = [&](std::int64_t i) {
    return static_cast<std::size_t>(tree[static_cast<std::size_t>(i)]);
  };
  std::vector<double> sums(tree.size());  // by slot
  for (std::int64_t b = 0; b < scores.rows(); ++b) {
    for (std::int64_t k = nodes - 1; k >= 0; --k) {
      const double above = k == nodes - 1 ? 0.0 : sums[slot(labels + k)];
      const auto left = static_cast<std::size_t>(2 * k);
      sums[left] = above + log_decision(-at(scores, b, k), epsilon);
      sums[left + 1] = above + log_decision(at(scores, b, k), epsilon);
    }
    for (std::int64_t j = 0; j < labels; ++j) {
      at(v.y[0], b, j) = sums[slot(j)];
      at(v.y[1], b, j) = std::exp(sums[slot(j)]);
    }
  }
}

// From the labels up: a decision has the gradients of all labels behind it.
void eval_tree_softmax_grad(const EvalContext& v) {
  const Tensor &scores = *v.x[0], &dy = *v.x[2];
  const double epsilon = float_attr(v.node.attrs, "epsilon");
  const std::vector<std::int64_t> tree = read_tree(v);
  const std::int64_t labels = dy.columns(), nodes = scores.columns();
  for (std::int64_t b = 0; b < scores.rows(); ++b) {
    std::vector<double> sums(tree.size());  // by slot
    const auto add = [&](std::int64_t i, double gradient) {
      sums[static_cast<std::size_t>(tree[static_cast<std::size_t>(i)])] += gradient;
    };
    for (std::int64_t j = 0; j < labels; ++j) add(j, at(dy, b, j));
    for (std::int64_t k = 0; k < nodes; ++k) {
      const double left = sums[static_cast<std::size_t>(2 * k)];
      const double right = sums[static_cast<std::size_t>(2 * k + 1)];
      const double x = at(scores, b, k);
      at(v.y[0], b, k) =
          right * slope_of_decision(x, epsilon) - left * slope_of_decision(-x, epsilon);
      if (k + 1 < nodes) add(labels + k, left + right);
    }
  }
}

void gradient_tree_softmax(GradientContext& g) {
  ValueId dy = g.dy[0];
  if (g.dy[1] != kNoValue) {  // p = exp(y)
    const ValueId through_p = g.emit(ops::mul, {g.out(1), g.dy[1]});
    dy = dy == kNoValue ? through_p : g.emit(ops::add, {dy, through_p});
  }
  g.dx[0] = g.emit(ops::tree_softmax_grad, {g.in(0), g.in(1), dy}, g.node.attrs);
}

double flops_of_tree_softmax(const Graph& graph, const Node& node, const ElementCount& count) {
  return 6.0 * count(graph[node.inputs[0]].type);
}

const AttrDef kEpsilon{"epsilon", "added to each decision's probability before its logarithm", 0.0};

}  // namespace

namespace ops {

const OpDef tree_softmax{
    .name = "tree_softmax",
    .doc =
        "the logarithm of each label's probability, and the probability: a decision, "
        "sigmoid(score) for the right, at each inner node on the way to it",
    .inputs = {{"scores", "f32[B, L-1]"}, {"tree", "i32[2L-2], see label_tree.h"}},
    .outputs = {{"y", "f32[B, L]"}, {"p", "f32[B, L]", Arity::optional}},
    .attrs = {kEpsilon},
    .infer = infer_tree_softmax,
    .reference = eval_tree_softmax,
    .gradient = gradient_tree_softmax,
    .flops = flops_of_tree_softmax,
};

const OpDef tree_softmax_grad{
    .name = "tree_softmax_grad",
    .doc = "the gradient of tree_softmax's scores",
    .inputs = {{"scores", "f32[B, L-1]"}, {"tree", "i32[2L-2]"}, {"dy", "f32[B, L]"}},
    .outputs = {{"dscores", "f32[B, L-1]"}},
    .attrs = {kEpsilon},
    .infer = infer_tree_softmax_grad,
    .reference = eval_tree_softmax_grad,
    .flops = flops_of_tree_softmax,
};

}  // namespace ops
}  // namespace weft
