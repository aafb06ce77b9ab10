// Kernels beside their references in bound programs: random ones of all ops, planned as they are,
// and compiled; and a kernel that is off by one percent.
#include "frontend/graph_tests/check_kernels.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <new>
#include <set>

#include "frontend/graph_tests/each_instruction_set.h"
#include "ir/diagnostic.h"
#include "ir/op.h"
#include "ir/parse.h"
#include "passes/compile.h"
#include "tests/support/any_op_program.h"
#include "tests/support/every_target.h"

namespace weft {
namespace {

Graph placed(const Graph& graph) {
  PassContext context;
  return run_passes(graph, parse_passes("zero-copy-concat,plan-memory"), context);
}

void check(const std::vector<Graph>& programs, const Bindings& given, int threads) {
  const KernelCheck check = check_kernels(programs, given, {.threads = threads});
  REQUIRE(check.failure == "");
  CHECK(check.notes.empty());
  CHECK(check.compared > 0);
}

TEST_CASE("kernels of random programs agree with their references, on every instruction set") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    RandomProgram random = any_op_program(seed);
    random.graph.attrs["optimizer"] = std::string(seed % 2 == 0 ? "adam" : "adagrad");
    const int threads = 1 + static_cast<int>(seed % 2);
    Compiled train = compile_train(random.graph);
    std::vector<Graph> step{std::move(train.program)};
    if (train.encode) step.insert(step.begin(), std::move(*train.encode));
    if (train.flush) step.push_back(std::move(*train.flush));
    with_every_target([&] {
      check({placed(random.graph)}, random.given, threads);
      check(step, random.given, threads);
    });
  }
}

constexpr const char* kProgram =
    "program @p {\n symbol N <= 8\n input %x : f32[N, 5]\n param %w : f32[5, 3]\n"
    " %a = matmul(%x, %w)\n %b = tanh(%a) at 3:7\n %y = sigmoid(%b)\n return %y\n}\n";

// To its definition, the kernel that is found by the op's name is off by one percent.
TEST_CASE("a kernel that is off by one percent is named, with the element") {
  OpDef off = *find_op("tanh");
  off.reference = [](const EvalContext& v) {
    find_op("tanh")->reference(v);
    for (double& y : v.y[0].data) y *= 1.01;
  };
  Graph graph = placed(parse_one(kProgram));
  std::ranges::find(graph.nodes, find_op("tanh"), &Node::op)->op = &off;
  const KernelCheck check = check_kernels({graph}, {});
  CHECK(check.failure.starts_with("the kernel of tanh in program @p: %b["));
  CHECK(check.failure.find("ulps, the budget is ") != std::string::npos);
  CHECK(check.failure.ends_with("; 9 of 9 numbers are off (at 3:7 of the model)"));
}

TEST_CASE("a process for an instruction set sends its text, or what went wrong") {
  CHECK(on_instruction_set("sse4", [] { return std::string("!"); }) == "!");
  const auto fails = []() -> std::string { throw Error("no such op"); };
  CHECK_THROWS_WITH_AS(on_instruction_set("sse4", fails), "sse4: no such op", Error);
  const auto lacks_memory = []() -> std::string { throw std::bad_alloc(); };
  CHECK_THROWS_AS(on_instruction_set("sse4", lacks_memory), std::bad_alloc);
}

TEST_CASE("what is not compared is told") {
  const Graph graph = placed(parse_one(kProgram));
  const KernelCheck late = check_kernels({graph}, {}, {.seconds = 0});
  CHECK(late.compared == 0);
  CHECK(late.notes == std::vector<std::string>{"@p: for time, 3 nodes were not compared"});
  const KernelCheck large = check_kernels({graph}, {}, {.node_flops = 80});
  CHECK(large.compared == 2);
  REQUIRE(large.notes.size() == 1);
  CHECK(large.notes[0].starts_with("@p: %a = matmul was not compared"));
}

}  // namespace
}  // namespace weft
