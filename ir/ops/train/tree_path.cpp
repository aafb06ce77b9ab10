// The loss of hierarchical softmax: the inner nodes on the way from each label to the root, and
// -log of the probability of the decisions there that lead to the label.
#include <algorithm>
#include <cmath>

#include "ir/ops/common.h"
#include "ir/ops/nn/activation.h"
#include "ir/ops/nn/tree_softmax.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

std::string symbol_of(const TensorType& labels) { return labels.shape[0].symbol + ".path"; }

std::vector<TensorType> infer_tree_path(const InferContext& v) {
  v.expect_dtype(0, DType::i32);
  v.expect_rank(0, 1);
  const Dim& texts = v.type(0).shape[0];
  if (texts.is_static() || texts.value != 0) {
    v.fail(describe(v, 0) + ", but must be counted by a size of the program: i32[B]");
  }
  const LabelTree tree = expect_tree(v, 1);
  const std::int64_t depth = int_attr(v.attrs, "depth");
  if (depth < 1 || depth >= tree.labels) {
    v.fail(fmt::format("depth is {}, but a tree of {} labels has paths of 1 to {} nodes", depth,
                       tree.labels, tree.labels - 1));
  }
  std::int64_t capacity = 0;
  if (__builtin_mul_overflow(v.capacity(texts.symbol), depth, &capacity)) {
    v.fail("the paths have more nodes than can be counted");
  }
  const std::string symbol = symbol_of(v.type(0));
  const Dim nodes = v.derive(symbol, capacity);
  if (v.capacity(symbol) < capacity) {
    v.fail(fmt::format("{} is declared with capacity {}, but the paths may have {} nodes", symbol,
                       v.capacity(symbol), capacity),
           "leave the declaration out: it is made by this op");
  }
  return {int_type({nodes}), {DType::i32, {Dim(texts.symbol, 1)}, symbol}, int_type({nodes})};
}

void eval_tree_path(const EvalContext& v) {
  const std::int64_t depth = int_attr(v.node.attrs, "depth");
  const LabelTree tree = LabelTree::of_size(v.x[1]->size());
  std::vector<double> nodes, codes;
  for (std::int64_t b = 0; b < v.x[0]->size(); ++b) {
    const std::size_t first = nodes.size();
    std::int64_t entry =
        checked_index(v, at(*v.x[0], 0, b), 0, tree.labels, fmt::format("labels[{}]", b));
    for (std::int64_t node = -1; node != tree.root(); entry = tree.labels + node) {
      if (static_cast<std::int64_t>(nodes.size() - first) == depth) {
        fail(v, fmt::format("the path of labels[{}] has more than {} nodes, the depth", b, depth));
      }
      const std::int64_t slot = slot_of(v, 1, entry);
      node = slot / 2;
      nodes.push_back(static_cast<double>(node));
      codes.push_back(static_cast<double>(slot % 2));
    }
    at(v.y[1], 0, b + 1) = static_cast<double>(nodes.size());
  }
  v.bind(symbol_of(v.graph[v.node.inputs[0]].type), static_cast<std::int64_t>(nodes.size()));
  v.y[0].data = nodes;
  v.y[2].data = codes;
}

// x[B, C]  rows[P, C]  codes[P]  offsets[B+1 -> P]
void expect_paths(const InferContext& v) {
  const TensorType& x = expect_float(v, 0, 2);
  const TensorType& rows = expect_float(v, 1, 2);
  if (rows.shape[1] != x.shape[1]) {
    v.fail(fmt::format("{} but {}", describe(v, 0), describe(v, 1)),
           "a row of rows has as many numbers as one of x");
  }
  v.expect_same(2, int_type({rows.shape[0]}));
  v.expect_offsets(3, rows.shape[0]);
  const Dim& texts = x.shape[0];
  if (v.type(3).shape[0] != Dim(texts.symbol, texts.value + 1)) {
    v.fail(fmt::format("{} but {}", describe(v, 0), describe(v, 3)),
           "there is one path per row of x");
  }
}

std::vector<TensorType> infer_path_cross_entropy(const InferContext& v) {
  expect_paths(v);
  return {float_type({})};
}

std::vector<TensorType> infer_path_cross_entropy_grad(const InferContext& v) {
  expect_paths(v);
  expect_scalar(v, 4, DType::f32);
  return {v.type(0), v.type(1)};
}

// Calls visit(b, p, score) for node p of each path, that of row b of x.
template <class Visit>
void for_each_node(const EvalContext& v, Visit visit) {
  const Tensor &x = *v.x[0], &rows = *v.x[1], &offsets = *v.x[3];
  for (std::int64_t b = 0; b < x.rows(); ++b) {
    const auto begin = static_cast<std::int64_t>(at(offsets, 0, b));
    const auto end = static_cast<std::int64_t>(at(offsets, 0, b + 1));
    for (std::int64_t p = begin; p < end; ++p) {
      double score = 0;
      for (std::int64_t c = 0; c < x.columns(); ++c) score += at(x, b, c) * at(rows, p, c);
      visit(b, p, score);
    }
  }
}

void eval_path_cross_entropy(const EvalContext& v) {
  double loss = 0;
  for_each_node(v, [&](std::int64_t, std::int64_t p, double score) {
    const double softplus = std::max(score, 0.0) + std::log1p(std::exp(-std::abs(score)));
    loss += softplus - at(*v.x[2], 0, p) * score;
  });
  const std::int64_t texts = v.x[0]->rows();
  v.y[0].data[0] = texts > 0 ? loss / static_cast<double>(texts) : 0.0;
}

void eval_path_cross_entropy_grad(const EvalContext& v) {
  const Tensor &x = *v.x[0], &rows = *v.x[1];
  const double factor = v.x[4]->data[0] / static_cast<double>(x.rows());
  for_each_node(v, [&](std::int64_t b, std::int64_t p, double score) {
    const double error = factor * (activate(Activation::sigmoid, score) - at(*v.x[2], 0, p));
    for (std::int64_t c = 0; c < x.columns(); ++c) {
      at(v.y[0], b, c) += error * at(rows, p, c);
      at(v.y[1], p, c) = error * at(x, b, c);
    }
  });
}

void gradient_path_cross_entropy(GradientContext& g) {
  if (!g.needs_grad[0] && !g.needs_grad[1]) return;
  const auto made =
      g.graph.append(ops::path_cross_entropy_grad, {g.in(0), g.in(1), g.in(2), g.in(3), g.dy[0]},
                     g.node.attrs, g.node.location);
  g.dx[0] = made[0];
  g.dx[1] = made[1];
}

// A product for each number of `rows`, and its sum.
double flops_of_paths(const Graph& graph, const Node& node, const ElementCount& count) {
  return 2.0 * count(graph[node.inputs[1]].type);
}

}  // namespace

namespace ops {

const OpDef tree_path{
    .name = "tree_path",
    .doc =
        "the inner nodes from each label up to the root, and 1 where the way there is from the "
        "right child",
    .inputs = {{"labels", "i32[B]"}, {"tree", "i32[2L-2], see label_tree.h"}},
    .outputs = {{"nodes", "i32[B.path]"},
                {"offsets", "i32[B+1 -> B.path]"},
                {"codes", "i32[B.path]"}},
    .attrs = {required("depth", "nodes of the longest path", std::int64_t{})},
    .infer = infer_tree_path,
    .reference = eval_tree_path,
};

const OpDef path_cross_entropy{
    .name = "path_cross_entropy",
    .doc = "the mean over texts of -log of the probability that sigmoid(rows . x) gives the codes",
    .inputs = {{"x", "f32[B, C]"},
               {"rows", "f32[P, C], of the nodes of the paths"},
               {"codes", "i32[P]"},
               {"offsets", "i32[B+1 -> P]"}},
    .outputs = {{"loss", "f32[]"}},
    .infer = infer_path_cross_entropy,
    .reference = eval_path_cross_entropy,
    .gradient = gradient_path_cross_entropy,
    .flops = flops_of_paths,
};

const OpDef path_cross_entropy_grad{
    .name = "path_cross_entropy_grad",
    .doc = "the gradients of path_cross_entropy's x and rows",
    .inputs = {{"x", "f32[B, C]"},
               {"rows", "f32[P, C]"},
               {"codes", "i32[P]"},
               {"offsets", "i32[B+1 -> P]"},
               {"dloss", "f32[]"}},
    .outputs = {{"dx", "f32[B, C]"}, {"drows", "f32[P, C]"}},
    .infer = infer_path_cross_entropy_grad,
    .reference = eval_path_cross_entropy_grad,
    .flops = [](const Graph& graph, const Node& node,
                const ElementCount& count) { return 3.0 * flops_of_paths(graph, node, count); },
};

}  // namespace ops
}  // namespace weft
