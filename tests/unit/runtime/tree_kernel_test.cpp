// The kernels of label trees on trees and labels that are none: nothing is read or written out of
// bounds, no walk is endless, and each is refused.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <span>
#include <vector>

#include "passes/passes.h"
#include "tests/support/bound_program.h"
#include "tests/support/kernel_cases.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

std::string outcome(const std::string& body, const std::vector<double>& tree,
                    const std::vector<double>& labels) {
  const Graph graph = case_program(body);
  const Bindings given =
      sample_bindings(graph, {{1, 1, 1}, 2}, {{"tree", tree}, {"labels", labels}});
  BoundProgram bound(plan_simply(graph, false), given, 2);
  try {
    bound.run(given);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

std::string softmax(const std::vector<double>& tree) {
  return outcome(
      "input %scores : f32[N, 4]\n param %tree : i32[8]\n"
      "%y, %p = tree_softmax(%scores, %tree)",
      tree, {});
}

std::string path(const std::vector<double>& tree, const std::vector<double>& labels, int depth) {
  return outcome(fmt::format("input %labels : i32[B]\n param %tree : i32[8]\n"
                             "%nodes, %offsets, %codes = tree_path(%labels, %tree) depth={}",
                             depth),
                 tree, labels);
}

const std::vector<double> kTree{7, 5, 3, 1, 0, 2, 4, 6};

TEST_CASE("every number in every place of a tree is a tree or refused") {
  CHECK(softmax(kTree) == "accepted");
  CHECK(path(kTree, {0, 4, 2}, 4) == "accepted");
  for (std::size_t i = 0; i < kTree.size(); ++i) {
    for (const double slot :
         {-2147483648.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 2147483647.0}) {
      CAPTURE(i);
      CAPTURE(slot);
      std::vector<double> tree = kTree;
      tree[i] = slot;
      const double first = i < 5 ? 0.0 : 2.0 * (static_cast<double>(i) - 4.0);
      const bool sound = slot >= first && slot < 8;
      CHECK((softmax(tree) == "accepted") == sound);
      const std::string walked = path(tree, {0, 4, 2}, 4);
      if (sound) CHECK(walked == "accepted");
    }
  }
}

TEST_CASE("labels beyond the tree and paths beyond the depth are refused") {
  CHECK(path(kTree, {0, 5, 2}, 4).find("label 5 is not one of the 5 labels") != std::string::npos);
  CHECK(path(kTree, {0, -1, 2}, 4).find("label -1") != std::string::npos);
  CHECK(path(kTree, {0, 4, 2}, 3).find("no path of at most 3 nodes from label 4") !=
        std::string::npos);
}

// The first text's least product is below every float, the last's below those of full precision.
TEST_CASE("logarithms of probabilities too small for a float are exact") {
  const Graph graph = case_program(
      "input %scores : f32[N, 4]\n input %tree : i32[8]\n %y, %p = tree_softmax(%scores, %tree)");
  const std::vector<double> chain{0, 1, 3, 5, 7, 2, 4, 6};
  Bindings given = sample_bindings(graph, {{}, 3}, {{"tree", chain}});
  given.at("scores").data = {30, 30, 40, 50, 1, 2, -3, 4, 0, 0, 25, 65};
  BoundProgram bound(plan_simply(graph, false), given, 1);
  bound.run(given);
  const std::span<const float> y = bound.result().f32();
  const std::vector<double> expected = interpret(graph, given).results[0].data;
  CHECK(expected[0] < -149);
  REQUIRE(y.size() == expected.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    CAPTURE(i);
    CHECK(static_cast<double>(y[i]) == doctest::Approx(expected[i]).epsilon(1e-6));
  }
}

// A program that writes its tree is checked again after each change.
TEST_CASE("a tree that changes between runs is checked anew") {
  const Graph graph = case_program(
      "input %scores : f32[N, 4]\n input %tree : i32[8]\n %y, %p = tree_softmax(%scores, %tree)");
  Bindings given = sample_bindings(graph, {{}, 2}, {{"tree", kTree}});
  BoundProgram bound(plan_simply(graph, false), given, 1);
  bound.run(given);
  given.at("tree").data[3] = 99;
  CHECK_THROWS_AS(bound.run(given), Error);
}

}  // namespace
}  // namespace weft
