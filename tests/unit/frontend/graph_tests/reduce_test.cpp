// Failing graphs shrink to the few nodes that fail, and every graph on the way is valid.
#include "frontend/graph_tests/reduce.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "frontend/graph_tests/check_passes.h"
#include "frontend/graph_tests/rebuild.h"
#include "ir/op.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "tests/support/any_op_program.h"
#include "tests/support/wrong_pass.h"

namespace weft {
namespace {

using Programs = std::vector<Graph>;

bool go_on(const ReduceStep&) { return true; }

Programs reduced(const Graph& graph, const std::function<bool(const Graph&)>& fails) {
  return reduce_programs(
      {graph},
      [&](const Programs& programs) {
        for (const Graph& program : programs) verify(program);
        return std::ranges::any_of(programs, fails);
      },
      go_on);
}

std::ptrdiff_t count(const Graph& graph, std::string_view op) {
  return std::ranges::count_if(graph.nodes, [&](const Node& n) { return n.op->name == op; });
}

TEST_CASE("a graph on which a pass is wrong shrinks to the pattern that it is wrong about") {
  const Pass* list[] = {&test::kWrongPass};
  const auto wrong = [&](const Graph& graph) {
    try {
      return !check_passes(graph, list, {}).failure.empty();
    } catch (const Error&) {  // numbers drawn for a part of a graph do not always fit each other
      return false;
    }
  };
  std::size_t reductions = 0;
  for (std::uint64_t seed = 0; seed < 150 && reductions < 3; ++seed) {
    const Graph graph = any_op_program(seed).graph;
    if (!wrong(graph)) continue;
    CAPTURE(seed);
    ++reductions;
    const Programs small = reduced(graph, wrong);
    REQUIRE(small.size() == 1);
    CAPTURE(print(small[0]));
    CHECK(small[0].nodes.size() == 2);
    CHECK(count(small[0], "sigmoid") == 1);
    CHECK(count(small[0], "mul") == 1);
    CHECK(small[0].results.size() == 1);
    CHECK(print(reduced(graph, wrong)[0]) == print(small[0]));  // the same each time
  }
  CHECK(reductions == 3);
}

constexpr const char* kProgram = R"(// kept: what a test is to run
program @p optimizer="adam" {
  symbol T <= 400
  symbol B <= 64
  input %ids : i32[T]
  input %offsets : i32[B+1 -> T]
  // goes
  param %table : f32[30, 12] init="uniform" scale=0.5
  param %w : f32[3, 12, 8]
  param %b : f32[8]
  %x = embedding(%ids, %table)
  %c = conv1d(%x, %w, %offsets, %offsets, %b) act="relu" padding="same" at 4:5
  %y, %at = max_pool(%c, %offsets)
  %z = tanh(%y)
  return %z, %at
}
)";

TEST_CASE("operands, attributes, comments, extents and capacities shrink") {
  const Graph graph = parse_one(kProgram);
  const auto has_convolution = [](const Graph& g) { return count(g, "conv1d") > 0; };
  const Programs small = reduced(graph, has_convolution);
  CHECK(print(small[0]) == R"(// kept: what a test is to run
program @p {
  symbol B <= 1
  symbol T <= 1
  input %offsets : i32[B+1 -> T]
  param %w : f32[1, 1, 1]
  input %x : f32[T, 1]
  %c = conv1d(%x, %w, %offsets, %offsets, _) : f32[T, 1]
  return %c
}
)");
}

TEST_CASE("programs that do not take part go, and an end is taken") {
  const Graph p = parse_one(kProgram);
  Graph q = p;
  q.name = std::string("q");
  const auto fails = [](const Programs& programs) {
    return std::ranges::any_of(programs, [](const Graph& g) { return g.name == "q"; });
  };
  const Programs small = reduce_programs({p, q, p}, fails, go_on);
  REQUIRE(small.size() == 1);
  CHECK(small[0].name == "q");
  CHECK(small[0].nodes.empty());  // an input is returned
  std::size_t tries = 0;
  const Programs one =
      reduce_programs({p, q, p}, fails, [&](const ReduceStep&) { return ++tries < 1; });
  CHECK(one.size() == 2);
}

TEST_CASE("what is dead stays where a failure needs it") {
  const Graph graph = parse_one(
      "program @p {\n input %x : f32[4]\n %dead = tanh(%x)\n %y = relu(%x)\n %z = relu(%y)\n"
      " return %z\n}\n");
  const auto has_tanh = [](const Graph& g) { return count(g, "tanh") > 0; };
  const Programs small = reduced(graph, has_tanh);
  CHECK(small[0].nodes.size() == 1);
}

TEST_CASE("a graph is rebuilt only if it is valid") {
  Graph graph = parse_one(kProgram);
  graph.nodes.erase(graph.nodes.begin());  // %x becomes an input
  const auto again = rebuilt(graph);
  REQUIRE(again);
  CHECK(again->find_value("x")->role == Role::input);
  CHECK(!again->find_value("table"));
  graph[*graph.find("w")].type.shape[1] = Dim(5);  // no longer fits
  CHECK(!rebuilt(graph));
}

}  // namespace
}  // namespace weft
