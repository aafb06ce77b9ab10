// Graphs run on given and on filled tensors: both engines, all golden programs, and bad input.
#include "frontend/graph_tests/run_graph.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "frontend/graph_tests/graph_values.h"
#include "frontend/graph_tests/test_file.h"
#include "ir/file.h"
#include "ir/parse.h"
#include "tests/support/kernel_cases.h"
#include "tests/support/source_folder.h"

namespace weft {
namespace {

const char* const kPool = R"(program @pool {
  symbol B <= 4
  symbol T <= 16
  input %ids : i32[T]
  input %offsets : i32[B+1 -> T]
  param %table : f32[3, 2]
  state %count : i32[]
  %x = embedding(%ids, %table)
  %y = mean_pool(%x, %offsets)
  %next = increment(%count)
  write %count <- %next
  return %y
})";

const char* const kInputs = R"({"ids": [2, 0, 1], "offsets": [0, 1, 3], "count": 4,
                                "table": [[1, 2], [3, 4], [0.5, -1]]})";

Outcome run_on(const std::string& text, const ValueSources& sources, Engine engine) {
  const Graph graph = parse_one(text);
  return run_graph(graph, bind_values(graph, sources), engine);
}

void check_refused(const ValueSources& sources, const char* message) {
  const Graph graph = parse_one(kPool);
  CHECK_THROWS_WITH_AS(bind_values(graph, sources), doctest::Contains(message), Error);
}

// Within 1e-4, relative where they are large; NaN is like NaN.
void check_close(const NamedTensor& a, const NamedTensor& b) {
  CAPTURE(a.name);
  CHECK(a.name == b.name);
  REQUIRE(a.tensor.shape == b.tensor.shape);
  for (std::size_t i = 0; i < a.tensor.data.size(); ++i) {
    const double x = a.tensor.data[i], y = b.tensor.data[i];
    CHECK((std::abs(x - y) <= 1e-4 * (1.0 + std::abs(y)) || (std::isnan(x) && std::isnan(y))));
  }
}

TEST_CASE("both engines run a graph on given tensors") {
  for (const Engine engine : {Engine::kernels, Engine::reference}) {
    const Outcome outcome = run_on(kPool, {.inputs = kInputs}, engine);
    REQUIRE(outcome.results.size() == 1);
    CHECK(outcome.results[0].tensor.shape == Extents{2, 2});
    CHECK(outcome.results[0].tensor.data == std::vector<double>{0.5, -1, 2, 3});
    CHECK(outcome.find("count")->tensor.data == std::vector<double>{5});
    CHECK(outcome_text(outcome) ==
          "%y : f32[2, 2]\n  [0.5, -1]\n  [2, 3]\nwrite %count : i32[] = 5\n");
    const auto json = nlohmann::json::parse(outcome_json(outcome));
    CHECK(json == nlohmann::json::parse(
                      R"({"results": {"y": [[0.5, -1], [2, 3]]}, "writes": {"count": 5}})"));
  }
}

TEST_CASE("an empty list has the extents that others fix") {
  const ValueSources sources{.inputs = R"({"ids": [], "offsets": [0], "count": 0})", .random = 1};
  const Outcome outcome = run_on(kPool, sources, Engine::kernels);
  CHECK(outcome.results[0].tensor.shape == Extents{0, 2});
  CHECK(outcome_json(outcome).find("\"y\": []") != std::string::npos);
}

TEST_CASE("a filling depends on the seed, the name and the sizes alone, and holds valid numbers") {
  const Graph graph = parse_one(kPool);
  const Bindings one = bind_values(graph, {.random = 1}), two = bind_values(graph, {.random = 2});
  CHECK(one.at("ids").shape == Extents{12});
  CHECK(one.at("offsets").shape == Extents{4});
  CHECK(one.at("table").data != two.at("table").data);
  const Graph alone = parse_one("program @p {\n param %table : f32[3, 2]\n}");
  CHECK(bind_values(alone, {.random = 1}).at("table").data == one.at("table").data);
  std::set<double> used;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const ValueSources sources{.sizes = {{"B", 4}, {"T", 5}}, .random = seed};
    const Bindings bound = bind_values(graph, sources);
    const std::vector<double>& ends = bound.at("offsets").data;
    CHECK(ends.size() == 5);
    CHECK(std::ranges::is_sorted(ends));
    CHECK(ends.front() == 0);
    CHECK(ends.back() == 5);
    used.insert(bound.at("ids").data.begin(), bound.at("ids").data.end());
  }
  CHECK(used == std::set<double>{0, 1, 2});  // every row of the table, and nothing else
}

TEST_CASE("ids that an optimizer updates are distinct") {
  const Graph graph = parse_one(
      "program @p {\n symbol N <= 5\n param %w : f32[5, 2]\n input %ids : i32[N]\n"
      " input %g : f32[N, 2]\n input %rate : f32[]\n %new = row_sgd(%w, %ids, %g, %rate)\n"
      " return %new\n}");
  const Bindings bound = bind_values(graph, {.sizes = {{"N", 5}}, .random = 3});
  std::vector<double> ids = bound.at("ids").data;
  std::ranges::sort(ids);
  CHECK(ids == std::vector<double>{0, 1, 2, 3, 4});
  CHECK(bound.at("rate").data == std::vector<double>{static_cast<double>(0.01F)});
}

TEST_CASE("bad inputs have one message each") {
  check_refused({}, "%ids : i32[T], %offsets : i32[B+1 -> T], %table : f32[3, 2], %count : i32[]");
  const std::pair<const char*, const char*> cases[] = {
      {"{\"ids\": [1,", "no JSON: parse error at line 1"},
      {"[1]", "not a JSON object"},
      {"{\"ids\": [NaN]}", "no JSON"},
      {"{\"ids\": [1e999]}", "no JSON: number overflow"},
      {"{\"ids\": [1.5]}", "%ids : i32[T]: 1.5 is not an i32"},
      {"{\"ids\": [2147483648]}", "2147483648 is not an i32"},
      {"{\"ids\": [true]}", "true is not a number"},
      {"{\"ids\": 3}", "3 stands where a list should"},
      {"{\"ids\": [[1]]}", "[1] is not a number"},
      {"{\"idz\": [1]}", "declares no %idz\n    note: did you mean `ids`?"},
      {"{\"x\": [1]}", "%x is computed"},
      {"{\"table\": [[1, 2], [3, 4]]}", "a list holds 2, but should hold 3"},
      {"{\"table\": [[1, 2], [3], [4, 5]]}", "a list holds 1, but should hold 2"},
      {"{\"table\": [[1, 2], [3, 1e39], [4, 5]]}", "1e+39 is too large for an f32"},
      {"{\"offsets\": [0, 2, 1]}", "these are no offsets"},
      {"{\"offsets\": [1, 2]}", "these are no offsets"},
      {"{\"offsets\": []}", "B is -1 by %offsets"},
      {"{\"offsets\": [0, 2], \"ids\": [0]}", "T is 1 by %ids, but 2 by %offsets"},
      {"{\"offsets\": [0, 0, 0, 0, 0, 0]}",
       "B is 5 by %offsets, but must be from 0 to its capacity, 4"},
  };
  for (const auto& sample : cases) {
    CAPTURE(sample.first);
    check_refused({.inputs = sample.first, .random = 1}, sample.second);
  }
  const std::string deep = "{\"ids\": " + std::string(300000, '[') + std::string(300000, ']') + "}";
  check_refused({.inputs = deep, .random = 1}, "more than 100 deep");
  check_refused({.sizes = {{"X", 1}}, .random = 1}, "has no symbol `X`");
  check_refused({.sizes = {{"B", 0}, {"T", 1}}, .random = 1}, "cannot cut 1 rows");
  check_refused({.inputs = "{\"ids\": [1]}", .sizes = {{"T", 2}}, .random = 1},
                "T is 2 by its size, but 1 by %ids");
}

TEST_CASE("what kernels trust is checked first: indices of maxima, offsets of windows") {
  const char* const text =
      "program @p {\n symbol B <= 4\n symbol T <= 9\n input %at : i32[B, 1]\n"
      " input %dy : f32[B, 1]\n input %offsets : i32[B+1 -> T]\n"
      " %dx = max_pool_grad(%dy, %at, %offsets)\n return %dx\n}";
  const auto run_at = [&](const std::string& at) {
    return run_on(text, {.inputs = "{\"offsets\": [0, 2], \"at\": [[" + at + "]]}", .random = 1},
                  Engine::kernels);
  };
  CHECK(run_at("1").results[0].tensor.data[0] == 0);
  CHECK_THROWS_WITH_AS(run_at("1000000"), doctest::Contains("argmax[0, 0]"), Error);
  CHECK_THROWS_WITH_AS(run_on(text, {.random = 1}, Engine::kernels),
                       doctest::Contains("no random filling"), Error);
}

TEST_CASE("filled golden programs run by both engines to the same numbers") {
  const std::string folder = test::source_folder() / "tests/passes/";
  std::size_t programs = 0;
  for (const char* name : {"cse", "train", "predict", "compile-encode", "compile-flush", "simplify",
                           "optimizer-step", "row-sparse-optimizer", "zero-copy-concat"}) {
    const std::string text = read_text_file(folder + name + ".ir");
    for (const TestSection& section : parse_test_file(text, name).sections) {
      if (section.is_values()) continue;
      for (const Graph& graph : parse(section.text)) {
        CAPTURE(name);
        CAPTURE(graph.name);
        const Bindings given = bind_values(graph, {.random = 7});
        const Outcome kernels = run_graph(graph, given, Engine::kernels);
        const Outcome reference = run_graph(graph, given, Engine::reference);
        REQUIRE(kernels.results.size() == reference.results.size());
        for (std::size_t i = 0; i < kernels.results.size(); ++i) {
          check_close(kernels.results[i], reference.results[i]);
        }
        REQUIRE(kernels.writes.size() == reference.writes.size());
        for (std::size_t i = 0; i < kernels.writes.size(); ++i) {
          check_close(kernels.writes[i], reference.writes[i]);
        }
        ++programs;
      }
    }
  }
  CHECK(programs > 20);
}

// The same programs that kernels are tested on: whatever an op asks of its numbers is filled.
TEST_CASE("every op's sample can be filled") {
  std::set<std::string_view> ops;
  for (const KernelCase& sample : kernel_cases()) {
    const Graph graph = case_program(sample.body);
    if (!ops.insert(graph.nodes.back().op->name).second) continue;
    CAPTURE(graph.nodes.back().op->name);
    CHECK_NOTHROW(run_graph(graph, bind_values(graph, {.random = 5}), Engine::reference));
  }
  CHECK(ops.size() > 50);
}

}  // namespace
}  // namespace weft
