// Every registered pass, and every prefix of every pipeline, on random programs of all ops: values
// and gradients stay as they were, and the first pass that changes them is named.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "frontend/graph_tests/check_passes.h"
#include "frontend/graph_tests/graph_values.h"
#include "frontend/graph_tests/run_tests.h"
#include "frontend/graph_tests/test_file.h"
#include "ir/file.h"
#include "ir/ops/ops.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "passes/flush.h"
#include "passes/load_program.h"
#include "passes/pass.h"
#include "tests/support/any_op_program.h"
#include "tests/support/rounds.h"
#include "tests/support/source_folder.h"
#include "tests/support/wrong_pass.h"

namespace weft {
namespace {

constexpr std::uint64_t kSeeds = 60;

// With each optimizer in its turn; momentum, decay and clipping now and then.
RandomProgram program_of(std::uint64_t seed) {
  RandomProgram random = any_op_program(seed);
  std::vector<std::string> optimizers;
  for (const OpDef* op : all_ops()) {
    if (!op->optimizer.empty()) optimizers.emplace_back(op->optimizer);
  }
  Attrs& attrs = random.graph.attrs;
  attrs["optimizer"] = optimizers[seed % optimizers.size()];
  const std::uint64_t round = seed / optimizers.size();
  if (round % 2 == 1) attrs["weight_decay"] = 0.01;
  if (round % 3 == 2) attrs["momentum"] = 0.9;
  if (seed % 7 == 0) attrs["clip_norm"] = 0.5;
  if (seed % 11 == 0) attrs["clip_value"] = 0.1;
  return random;
}

void note_ops(const Graph& graph, std::set<std::string_view>& seen) {
  for (const Node& node : graph.nodes) seen.insert(node.op->name);
}

using Names = std::set<std::string_view>;

// The last graph; fails where a number changed. `changed`: gets the names of passes that did
// something.
PassCheck checked(const Graph& graph, const Bindings& given, std::string_view passes,
                  Names& changed) {
  PassCheck check = check_passes(graph, parse_passes(passes), given);
  CAPTURE(passes);
  REQUIRE(check.failure == "");
  REQUIRE(check.notes.empty());
  changed.insert(check.compared.begin(), check.compared.end());
  return check;
}

// Each pass by itself, and behind the gradients and the updates.
void check_each_pass(const Graph& graph, const Bindings& given, Names& changed) {
  for (const Pass& pass : all_passes()) checked(graph, given, pass.name, changed);
  const PassCheck graded = checked(graph, given, "autodiff", changed);
  if (!graded.refused.empty()) return;
  for (const Pass& pass : all_passes()) {
    if (pass.name != "autodiff") checked(graded.graph, graded.given, pass.name, changed);
  }
  const PassCheck updated = checked(graded.graph, graded.given, "optimizer-step", changed);
  if (!updated.refused.empty()) return;
  for (const Pass& pass : all_passes()) {
    if (pass.name != "autodiff") checked(updated.graph, updated.given, pass.name, changed);
  }
}

// Every prefix of every pipeline, the cut into @load and @predict, and @flush.
void check_pipelines(const Graph& graph, const Bindings& given, Names& changed, Names& ops) {
  note_ops(graph, ops);
  for (const Pipeline& pipeline : all_pipelines()) {
    CAPTURE(pipeline.name);
    const PassCheck check = checked(graph, given, pipeline.passes(), changed);
    note_ops(check.graph, ops);
    if (const auto flush = make_flush_program(check.graph)) note_ops(*flush, ops);
    if (pipeline.name != "predict" || !check.refused.empty()) continue;
    const PassCheck rewritten = checked(graph, given, pipeline.rewrites, changed);
    REQUIRE(check_load_split(rewritten.graph, rewritten.given).failure == "");
  }
}

TEST_CASE("check_passes knows what every pass must keep") {
  for (const Pass& pass : all_passes()) {
    CHECK_MESSAGE(has_check(pass), pass.name,
                  ": neither a rewrite nor in the table of check_passes.cpp");
  }
}

bool is_small(const Graph& graph) {
  return std::ranges::all_of(graph.values, [&](const Value& value) {
    return !value.persists() || capacity_elements(graph, value.type) < 1'000'000;
  });
}

bool reads_argmax(const Graph& graph) {
  return std::ranges::any_of(graph.values, [](const Value& value) {
    return value.role == Role::input && value.type.dtype == DType::i32 &&
           value.type.shape.size() == 2;
  });
}

// The programs that passes are to change, too: tests/passes/*.ir, but for those with tables so
// large that passes leave them alone, and those that read what only a pooling can make.
std::vector<Graph> golden_programs() {
  std::vector<Graph> all;
  for (const std::string& path : test_files({test::source_folder() / "tests/passes"})) {
    const TestFile file = parse_test_file(read_text_file(path), path);
    if (!file.errors.empty()) continue;
    for (Graph& graph : parse(file.graphs, path)) {
      if (is_small(graph) && !reads_argmax(graph)) all.push_back(std::move(graph));
    }
  }
  return all;
}

TEST_CASE("every pass and every prefix of every pipeline keep the values and gradients") {
  Names changed, ops;
  const std::uint64_t seeds = rounds(kSeeds);
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const RandomProgram random = program_of(seed);
    verify(random.graph);
    check_each_pass(random.graph, random.given, changed);
    check_pipelines(random.graph, random.given, changed, ops);
  }
  for (const Graph& graph : golden_programs()) {
    CAPTURE(print(graph));
    verify(graph);
    const Bindings given = bind_values(graph, {.random = 1});
    check_each_pass(graph, given, changed);
    check_pipelines(graph, given, changed, ops);
  }
  if (seeds < kSeeds) return;  // too few to hold everything
  for (const Pass& pass : all_passes()) {
    CHECK_MESSAGE(changed.contains(pass.name), pass.name,
                  " changed no program: write one into tests/passes");
  }
  // These no program of the IR needs to hold: a model asks for them by an option.
  const Names optional{"quantize_taps"};
  for (const OpDef* op : all_ops()) {
    CHECK_MESSAGE((ops.contains(op->name) || optional.contains(op->name)), op->name,
                  ": no random program holds it; give it a sample in "
                  "tests/support/gradient_samples.cpp or kernel_cases.cpp");
  }
}

// Right in value, wrong in gradient: a constant is no param.
Graph stop_gradients(const Graph& graph, PassContext&) {
  Graph out = graph;
  for (Value& value : out.values) {
    if (value.role == Role::param) value.attrs["frozen"] = std::int64_t{1};
  }
  return out;
}

TEST_CASE("a pass that is well-typed but wrong is caught, and named, among others") {
  std::size_t caught = 0;
  constexpr std::uint64_t programs = 150;
  for (std::uint64_t seed = 0; seed < programs; ++seed) {
    const RandomProgram random = any_op_program(seed);
    const Pass* list[] = {find_pass("simplify"), find_pass("cse"), &test::kWrongPass,
                          find_pass("dce")};
    const PassCheck check = check_passes(random.graph, list, random.given);
    if (check.failure.empty()) continue;
    CHECK(check.failure.starts_with("pass `fuse-silu` changed program @random: %"));
    ++caught;
  }
  CHECK(caught >= programs / 20);
}

TEST_CASE("a pass that changes gradients only is caught") {
  const Pass wrong{"stop", "wrong", stop_gradients, /*rewrites=*/true};
  const RandomProgram random = any_op_program(1);
  const Pass* list[] = {&wrong};
  const PassCheck check = check_passes(random.graph, list, random.given);
  CHECK(check.failure.starts_with("pass `stop` changed program @random: %"));
  CHECK(check.failure.find(".grad[") != std::string::npos);
}

TEST_CASE("the limit of time is told") {
  const RandomProgram random = any_op_program(1);
  const PassCheck check =
      check_passes(random.graph, parse_passes("simplify,cse,dce"), random.given, {.seconds = 0});
  CHECK(check.failure == "");
  CHECK(check.compared.empty());
  REQUIRE(check.notes.size() == 1);
  CHECK(check.notes[0].starts_with("for time, these passes were not compared: "));
}

TEST_CASE("a pass that takes no such program ends the check without a failure") {
  const Graph graph =
      parse_one("program @p {\n input %x : f32[2]\n %y = relu(%x)\n return %y\n}\n");
  const PassCheck check = check_passes(graph, parse_passes("cse,autodiff,dce"), {});
  CHECK(check.failure == "");
  CHECK(check.refused.find("no result named `loss`") != std::string::npos);
}

}  // namespace
}  // namespace weft
