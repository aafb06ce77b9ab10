// Hierarchical softmax by another way: each label's decisions written down by hand, multiplied.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "ir/op.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

// Of five labels: 4 and 3 are joined by node 0, with 2 by node 1, with 1 by node 2, with 0 by the
// root, node 3.
const Numbers kTree{7, 5, 3, 1, 0, 2, 4, 6};

struct Decision {
  std::size_t node;
  bool right;
};
const std::vector<std::vector<Decision>> kPaths{
    {{3, true}},
    {{2, true}, {3, false}},
    {{1, true}, {2, false}, {3, false}},
    {{0, true}, {1, false}, {2, false}, {3, false}},
    {{0, false}, {1, false}, {2, false}, {3, false}},
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST_CASE("a label's probability is the product of its decisions") {
  for (const double epsilon : {0.0, 1e-5, 0.01}) {
    CAPTURE(epsilon);
    const Numbers scores = wave({8}, 1.3).data;
    Numbers logs, products;
    for (std::size_t b = 0; b < 2; ++b) {
      for (const auto& path : kPaths) {
        double product = 1;
        for (const Decision& d : path) {
          const double p = sigmoid(scores[4 * b + d.node]);
          product *= (d.right ? p : 1 - p) + epsilon;
        }
        products.push_back(product);
        logs.push_back(std::log(product));
      }
    }
    const auto y = run_sample(fmt::format("input %scores : f32[N, 4]\n input %tree : i32[8]\n"
                                          "%y, %p = tree_softmax(%scores, %tree) epsilon={}",
                                          epsilon),
                              {{{}, 2}, {{"scores", scores}, {"tree", kTree}}});
    check_numbers(y[0], logs);
    check_numbers(y[1], products);
  }
}

TEST_CASE("extreme scores give finite logarithms, and probabilities that add up to 1") {
  const auto y = run_sample(
      "input %scores : f32[N, 2]\n input %tree : i32[4]\n %y, %p = tree_softmax(%scores, %tree)",
      {{{}, 2}, {{"scores", {1e4, -1e4, -800, 800}}, {"tree", {0, 1, 3, 2}}}});
  check_numbers(y[0], {-1e4, 0, -1e4, -800, -1600, 0});
  for (std::size_t b = 0; b < 2; ++b) {
    CHECK(y[1].data[3 * b] + y[1].data[3 * b + 1] + y[1].data[3 * b + 2] == 1.0);
  }
}

TEST_CASE("a path lists the nodes from a label to the root") {
  const auto path = run_sample(
      "input %labels : i32[B]\n input %tree : i32[8]\n"
      "%nodes, %offsets, %codes = tree_path(%labels, %tree) depth=4",
      {{{1, 1, 1}}, {{"labels", {2, 0, 4}}, {"tree", kTree}}});
  check_numbers(path[0], {1, 2, 3, 3, 0, 1, 2, 3});
  check_numbers(path[1], {0, 3, 4, 8});
  check_numbers(path[2], {1, 0, 0, 1, 0, 0, 0, 0});
}

// The loss, from the rows of the paths, is what tree_softmax, from the scores of all nodes, says.
TEST_CASE("the loss is the mean of -log p[label]") {
  const Numbers labels{3, 0, 1, 4, 2, 2};
  const std::string head =
      "input %x : f32[B, 3]\n input %labels : i32[B]\n param %w : f32[4, 3]\n"
      "input %tree : i32[8]\n";
  const Given given{{{1, 1, 1, 1, 1, 1}},
                    {{"labels", labels}, {"tree", kTree}, {"w", wave({12}, 2.1).data}}};
  const Tensor loss =
      run_sample(head +
                     "%nodes, %offsets, %codes = tree_path(%labels, %tree) depth=4\n"
                     "%rows = embedding(%nodes, %w)\n"
                     "%loss = path_cross_entropy(%x, %rows, %codes, %offsets)",
                 given)[0];
  const Tensor logs = run_sample(head +
                                     "%scores = matmul(%x, %w) transpose_b=1\n"
                                     "%y, %p = tree_softmax(%scores, %tree)",
                                 given)[0];
  double sum = 0;
  for (std::size_t b = 0; b < labels.size(); ++b) {
    sum -= logs.data[5 * b + static_cast<std::size_t>(labels[b])];
  }
  check_numbers(loss, {sum / 6});
}

TEST_CASE("the loss of no texts is 0") {
  const Given nothing{{{}}, {{"codes", {}}}};
  const std::string body =
      "input %x : f32[B, 3]\n input %rows : f32[T, 3]\n input %codes : i32[T]\n"
      "input %offsets : i32[B+1 -> T]\n %loss = path_cross_entropy(%x, %rows, %codes, %offsets)";
  check_numbers(run_sample(body, nothing)[0], {0});
}

std::string outcome(const std::string& line) {
  try {
    std::string types;
    const Graph graph = sample_program(
        "input %scores : f32[N, 4]\n input %tree : i32[8]\n input %odd : i32[7]\n"
        "input %few : i32[0]\n input %open : i32[T]\n input %labels : i32[B]\n"
        "input %five : i32[5]\n input %x : f32[B, 3]\n input %rows : f32[T, 3]\n"
        "input %wide : f32[T, 4]\n input %codes : i32[T]\n input %offsets : i32[B+1 -> T]\n"
        "input %dloss : f32[]\n input %dy : f32[N, 4]\n" +
        line);
    for (const ValueId id : graph.results) types += to_string(graph[id].type) + " ";
    return types;
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_CASE("types and mistakes") {
  CHECK(outcome("%y, %p = tree_softmax(%scores, %tree)") == "f32[N, 5] f32[N, 5] ");
  CHECK(outcome("%n, %o, %c = tree_path(%labels, %tree) depth=4") ==
        "i32[B.path] i32[B+1 -> B.path] i32[B.path] ");
  CHECK(outcome("%dx, %dr = path_cross_entropy_grad(%x, %rows, %codes, %offsets, %dloss)") ==
        "f32[B, 3] f32[T, 3] ");
  struct Mistake {
    const char *line, *part;
  };
  const std::vector<Mistake> mistakes{
      {"%y, %p = tree_softmax(%scores, %odd)", "tree is i32[7]"},
      {"%y, %p = tree_softmax(%scores, %few)", "tree is i32[0]"},
      {"%y, %p = tree_softmax(%scores, %open)", "tree is i32[T]"},
      {"%y, %p = tree_softmax(%x, %tree)", "scores is f32[B, 3] but tree is i32[8]"},
      {"%y, %p = tree_softmax(%scores, %tree) epsilon=-1", "epsilon is -1"},
      {"%y, %p = tree_softmax(%scores, %tree) epsilon=1", "epsilon is 1"},
      {"%d = tree_softmax_grad(%scores, %tree, %dy)", "dy is f32[N, 4], but must be f32[N, 5]"},
      {"%n, %o, %c = tree_path(%five, %tree) depth=2", "labels is i32[5], but must be counted"},
      {"%n, %o, %c = tree_path(%labels, %tree) depth=5", "depth is 5"},
      {"%n, %o, %c = tree_path(%labels, %tree) depth=0", "depth is 0"},
      {"%l = path_cross_entropy(%x, %wide, %codes, %offsets)",
       "x is f32[B, 3] but rows is f32[T, 4]"},
      {"%l = path_cross_entropy(%x, %rows, %dloss, %offsets)", "codes is f32[]"},
      {"%l = path_cross_entropy(%rows, %rows, %codes, %offsets)", "one path per row of x"},
      {"%l = path_cross_entropy(%x, %rows, %codes, %labels)", "must be offsets into T"},
  };
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.line);
    const std::string said = outcome(mistake.line);
    CHECK_MESSAGE(said.find(mistake.part) != std::string::npos, said);
  }
}

TEST_CASE("a tree that is none is refused, however it is walked") {
  const auto refusal = [](const Numbers& tree, const Numbers& labels, int depth) -> std::string {
    try {
      const Given given{{{1, 1, 1}, 2}, {{"tree", tree}, {"labels", labels}}};
      run_sample(fmt::format("input %labels : i32[B]\n input %tree : i32[8]\n"
                             "%nodes, %offsets, %codes = tree_path(%labels, %tree) depth={}",
                             depth),
                 given);
      run_sample(
          "input %scores : f32[N, 4]\n input %tree : i32[8]\n"
          "%y, %p = tree_softmax(%scores, %tree)",
          given);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  CHECK(refusal(kTree, {0, 4, 2}, 4) == "accepted");
  CHECK(refusal(kTree, {0, 5, 2}, 4).find("labels[1] is 5") != std::string::npos);
  CHECK(refusal(kTree, {0, -1, 2}, 4).find("labels[1] is -1") != std::string::npos);
  CHECK(refusal(kTree, {0, 4, 2}, 3).find("more than 3 nodes") != std::string::npos);
  // A slot beyond the last, one below the first, and a node above its own parent.
  CHECK(refusal({7, 5, 3, 1, 8, 2, 4, 6}, {0, 4, 2}, 4).find("tree[4]") != std::string::npos);
  CHECK(refusal({7, 5, 3, 1, -1, 2, 4, 6}, {0, 4, 2}, 4).find("tree[4]") != std::string::npos);
  CHECK(refusal({7, 5, 3, 1, 0, 0, 4, 6}, {0, 4, 2}, 4).find("tree[5]") != std::string::npos);
  CHECK(refusal({7, 5, 3, 1, 0, 2, 3, 6}, {0, 4, 2}, 4).find("tree[6]") != std::string::npos);
  CHECK(refusal({7, 5, 3, 1, 0, 2, 4, 5}, {0, 0, 0}, 4).find("tree[7]") != std::string::npos);
}

}  // namespace
}  // namespace weft
