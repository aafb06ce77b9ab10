// Compilation of random programs, and what passes say. That each pass keeps values and gradients:
// every_pass_test.cpp.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "ir/ops/ops.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "passes/compile.h"
#include "passes/opt.h"
#include "passes/passes.h"
#include "passes/rewrite.h"
#include "tests/support/random_graph.h"

namespace weft {
namespace {

constexpr std::uint64_t kSeeds = 150;

// Results and writes by name.
Bindings run(const Graph& graph, const Bindings& given) {
  Interpretation done = interpret(graph, given);
  Bindings named = std::move(done.writes);
  for (std::size_t i = 0; i < graph.results.size(); ++i) {
    named["return " + graph[graph.results[i]].name] = done.results[i];
  }
  return named;
}

Bindings with_training_inputs(const Graph& graph, Bindings given) {
  for (const Value& value : graph.values) {
    if (value.role == Role::computed || given.contains(value.name)) continue;
    Extents extents;
    for (const Dim& dim : value.type.shape) extents.push_back(dim.value);
    given[value.name] = Tensor(std::move(extents), value.name == "rate" ? 0.01 : 0.0);
  }
  return given;
}

// Runs a program on what persists, as @load and @flush are run between others.
void overlay(Bindings& persistent, const Graph& program) {
  const Bindings given = with_training_inputs(program, persistent);
  for (auto& [name, tensor] : interpret(program, given).writes) persistent[name] = tensor;
}

void check_close(const Tensor& found, const Tensor& wanted, double tolerance) {
  REQUIRE(found.shape == wanted.shape);
  for (std::size_t i = 0; i < found.data.size(); ++i) {
    const double error = std::abs(found.data[i] - wanted.data[i]);
    REQUIRE(error <= tolerance * (1.0 + std::abs(wanted.data[i])));
  }
}

void check_same(const Bindings& found, const Bindings& wanted, double tolerance = 1e-9) {
  REQUIRE(found.size() == wanted.size());
  for (const auto& one : wanted) {
    const auto& name = one.first;
    const auto& tensor = one.second;
    CAPTURE(name);
    REQUIRE(found.contains(name));
    check_close(found.at(name), tensor, tolerance);
  }
}

Graph apply(const Graph& graph, std::string_view passes) {
  PassContext context;
  return run_passes(graph, parse_passes(passes), context);
}

TEST_CASE("autodiff agrees with central differences on random programs") {
  std::int64_t compared = 0, kinks = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    const RandomProgram random = random_program(seed);
    const Graph graded = apply(random.graph, "autodiff");
    const Bindings found = run(graded, random.given);
    const auto loss_at = [&](const std::string& name, std::size_t i, double delta) {
      Bindings moved = random.given;
      moved[name].data[i] += delta;
      return interpret(random.graph, moved).results[0].data[0];
    };
    const auto slope = [&](const std::string& name, std::size_t i, double h) {
      return (loss_at(name, i, h) - loss_at(name, i, -h)) / (2.0 * h);
    };
    for (const Value& value : random.graph.values) {
      if (!found.contains("return " + value.name + ".grad")) continue;
      CAPTURE(value.name);
      const Tensor& gradient = found.at("return " + value.name + ".grad");
      Random pick(seed);
      for (int tries = 0; tries < 3; ++tries) {
        const auto i = static_cast<std::size_t>(pick.below(gradient.size()));
        const double wide = slope(value.name, i, 1e-5), narrow = slope(value.name, i, 1e-6);
        const bool kink = std::abs(wide - narrow) > 1e-6 * (1.0 + std::abs(wide));
        ++(kink ? kinks : compared);
        if (kink) continue;
        REQUIRE(gradient.data[i] == doctest::Approx(wide).epsilon(1e-5));
      }
    }
  }
  CHECK(compared > 1000);
  CHECK(kinks * 50 < compared);
}

TEST_CASE("the pipeline predict computes what the program computes without dropout") {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    const RandomProgram random = random_program(seed);
    const RandomProgram plain = random_program(seed, /*inference=*/true);
    const Compiled compiled = compile_predict(random.graph);
    const Graph& predict = compiled.program;
    Bindings given = random.given;
    if (compiled.load) overlay(given, *compiled.load);
    Bindings wanted = run(plain.graph, plain.given);
    wanted.erase("return loss");
    check_same(run(predict, given), wanted);
    CHECK(predict.name == "predict");
    for (const char* gone : {"labels", "targets", "seed", "step"}) CHECK(!predict.find_value(gone));
  }
}

TEST_CASE("the pipeline train steps as the unoptimised program does") {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    RandomProgram random = random_program(seed);
    const char* optimizers[] = {"sgd", "adam", "adamw", "adadelta", "adagrad"};
    random.graph.attrs["optimizer"] = std::string(optimizers[seed % 5]);
    if (seed % 8 == 0) random.graph.attrs["momentum"] = 0.9;
    const Graph plain = apply(random.graph, "autodiff,optimizer-step");
    const Compiled compiled = compile_train(random.graph);
    Bindings wanted = run(plain, with_training_inputs(plain, random.given));
    Bindings given = with_training_inputs(compiled.program, random.given);
    if (compiled.encode) given["rows"] = run(*compiled.encode, random.given).at("return rows");
    Bindings found = run(compiled.program, given);
    if (compiled.flush) {
      overlay(found, *compiled.flush);
      // What the row-sparse optimizer keeps besides: which step a row is at, and past rates.
      std::erase_if(found, [&](const auto& entry) { return !wanted.contains(entry.first); });
    }
    // What only predicting asks for may be gone: all that persists, and the loss, may not.
    std::erase_if(wanted, [&](const auto& entry) {
      return entry.first.starts_with("return ") && entry.first != "return loss" &&
             !found.contains(entry.first);
    });
    check_same(found, wanted, 1e-7);
  }
}

TEST_CASE("pipelines are deterministic") {
  RandomProgram random = random_program(5);
  random.graph.attrs["optimizer"] = std::string("adam");
  CHECK(print(compile_train(random.graph).program) == print(compile_train(random.graph).program));
}

TEST_CASE("optimizer-step wires gradients, decay, the step count and max-norm") {
  const Graph forward = parse_one(R"(program @p optimizer="sgd" weight_decay=0.5 {
    input %x : f32[2]
    param %w : f32[2, 1] max_norm=1.0
    param %b : f32[2] decay=0
    param %c : f32[2]
    %1 = mul(%x, %b)
    %2 = mul(%1, %c)
    %3 = reduce_sum(%2) axes=[0]
    %4 = reduce_sum(%w) axes=[0, 1]
    %loss = add(%3, %4)
    return %loss
  })");
  const Graph train = apply(forward, "autodiff,optimizer-step");
  Bindings given = with_training_inputs(train, {});
  given["x"].data = {2.0, 3.0};
  given["b"].data = {5.0, 7.0};
  given["c"].data = {11.0, 13.0};
  given["w"].data = {30.0, 40.0};
  given["step"].data = {8.0};
  given["rate"].data = {0.1};
  const Bindings writes = interpret(train, given).writes;
  CHECK(writes.at("step").data[0] == 9.0);
  CHECK(writes.at("b").data[0] == doctest::Approx(5.0 - 0.1 * (2.0 * 11.0)));  // no decay
  CHECK(writes.at("c").data[1] == doctest::Approx(13.0 - 0.1 * (3.0 * 7.0 + 0.5 * 13.0)));
  const double x = 30.0 - 0.1 * (1.0 + 15.0), y = 40.0 - 0.1 * (1.0 + 20.0);
  CHECK(writes.at("w").data[0] == doctest::Approx(x / std::hypot(x, y)));
  CHECK(writes.at("w").data[1] == doctest::Approx(y / std::hypot(x, y)));
}

std::string message_of(std::string_view text, std::string_view passes) {
  try {
    return optimize_text(text, "test.ir", passes);
  } catch (const Error& error) {
    return error.what();
  }
}

bool contains(const std::string& text, std::string_view part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found) MESSAGE(text);
  return found;
}

TEST_CASE("passes say what is wrong with a program") {
  const auto program = [](const std::string& body, const std::string& attrs = "") {
    return "program @p " + attrs + " {\n input %x : f32[2]\n param %w : f32[2]\n" + body + "}\n";
  };
  const std::string no_loss = program("%y = relu(%w)\n return %y\n");
  CHECK(contains(message_of(no_loss, "autodiff"), "no result named `loss`"));
  const std::string vector_loss = program("%loss = relu(%w)\n return %loss\n");
  CHECK(contains(message_of(vector_loss, "autodiff"), "%loss is f32[2], but must be one number"));
  const std::string no_param = program("%loss = reduce_sum(%x) axes=[0]\n return %loss\n");
  CHECK(contains(message_of(no_param, "autodiff"), "depends on no trainable param"));
  const std::string no_gradient =
      program("%y = relu_grad(%w, %x) at 7:3\n %loss = reduce_sum(%y) axes=[0]\n return %loss\n");
  CHECK(contains(message_of(no_gradient, "autodiff"), "relu_grad has no gradient"));
  CHECK(contains(message_of(no_gradient, "autodiff"), "7:3"));
  const std::string trainable = "%loss = reduce_sum(%w) axes=[0]\n return %loss\n";
  const char* both = "autodiff,optimizer-step";
  CHECK(contains(message_of(program(trainable), both), "names no optimizer"));
  CHECK(contains(message_of(program(trainable, "optimizer=\"ada\""), both),
                 "there is no optimizer `ada`"));
  CHECK(contains(message_of(program(trainable, "optimizer=\"sgd\" momentum=\"x\""), both),
                 "`momentum` must be a number"));
  CHECK(contains(message_of(program(trainable, "optimizer=\"sgd\" weight_decay=\"x\""), both),
                 "weight_decay"));
  CHECK(contains(message_of(program(trainable), "optimizer-step"), "run autodiff first"));
  CHECK(contains(message_of(program(trainable), "infer-only"), "no result besides training's"));
}

TEST_CASE("what only training has is no result of a program that predicts") {
  const std::string text =
      "program @p {\n input %x : f32[2, 3]\n param %g : f32[3]\n param %b : f32[3]\n"
      " state %m : f32[3]\n state %v : f32[3]\n"
      " %y, %mean, %r, %nm, %nv = batch_norm(%x, %g, %b, %m, %v) at 4:2\n"
      " return %y, %r\n}\n";
  CHECK(contains(message_of(text, "infer-only"),
                 "4:2: error: infer-only: %r of batch_norm is there in training only"));
}

TEST_CASE("adagrad takes one number for a row") {
  const Graph graph = parse_one(
      "program @p optimizer=\"adagrad\" {\n param %w : f32[]\n %loss = mul(%w, %w)\n"
      " return %loss\n}\n");
  const Graph train = apply(graph, "autodiff,optimizer-step");
  verify(train);
  Bindings given = with_training_inputs(train, {});
  given["w"].data = {3.0};
  given["rate"].data = {0.1};
  const Bindings writes = interpret(train, given).writes;
  CHECK(writes.at("w").data[0] == doctest::Approx(3.0 - 0.1 * 6.0 / 6.0));
}

TEST_CASE("lists of passes are read, and unknown names are answered with the known ones") {
  CHECK(parse_passes("").empty());
  CHECK(parse_passes("cse,dce").size() == 2);
  CHECK(parse_passes("predict,cse").size() == parse_passes("predict").size() + 1);
  CHECK(contains(message_of("", "cse,cesspool"), "there is no pass or pipeline `cesspool`"));
  CHECK(contains(message_of("", "cesspool"), "plan-memory"));
  CHECK(contains(describe_passes(), "fuse-conv1d-bias-relu"));
}

TEST_CASE("options print, time and skip passes") {
  const char* text =
      "program @p {\n input %x : f32[2]\n %y = relu(%x)\n %z = tanh(%x)\n"
      " return %y\n}\n";
  std::ostringstream log;
  PipelineOptions options;
  options.print_after = "all";
  options.log = &log;
  options.time = true;
  optimize_text(text, "t.ir", "cse,dce", options);
  CHECK(contains(log.str(), "// after cse\nprogram @p"));
  CHECK(contains(log.str(), "// after dce\nprogram @p"));
  CHECK(contains(log.str(), "// dce: "));
  options = {};
  options.skip = {"dce"};
  CHECK(contains(optimize_text(text, "t.ir", "cse,dce", options), "tanh"));
  options.print_after = "cesspool";
  CHECK_THROWS_AS(optimize_text(text, "t.ir", "cse", options), Error);
}

TEST_CASE("a pass that breaks a program is named") {
  const Pass bad{"reverse", "puts the last node first", [](const Graph& graph, PassContext&) {
                   Graph out = graph;
                   std::ranges::reverse(out.nodes);
                   return out;
                 }};
  const Graph graph = parse_one(
      "program @p {\n input %x : f32[2]\n %y = relu(%x)\n %z = tanh(%y)\n return %z\n}\n");
  const Pass* list[] = {find_pass("cse"), &bad, find_pass("dce")};
  PassContext context;
  std::string message;
  try {
    run_passes(graph, list, context);
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(contains(message, "pass `reverse` broke program @p"));
  CHECK(contains(message, "%y is used before it is computed"));
}

TEST_CASE("a rewriter keeps names, and new values take none of them") {
  const Graph graph = parse_one(
      "program @p {\n input %x : f32[2]\n %1 = relu(%x)\n // kept\n %2 = tanh(%1) at 3:4\n"
      " %3 = relu(%2)\n return %3\n}\n");
  Rewriter out(graph);
  const ValueId extra = out.target().add(ops::tanh, {out(*graph.find("x"))});  // would be named %1
  out.copy(graph.nodes[0]);
  out.replace(graph.nodes[1], ops::add, {out(graph.nodes[0].outputs[0]), extra});
  out.copy(graph.nodes[2]);
  const Graph done = std::move(out).finish();
  verify(done);
  CHECK(done[done.nodes[2].outputs[0]].name == "2");
  CHECK(done.nodes[2].op == &ops::add);
  CHECK(done.nodes[2].comments == std::vector<std::string>{"kept"});
  CHECK(done.nodes[2].location == SourceLocation{3, 4});
  CHECK(done[done.results[0]].name == "3");
}

}  // namespace
}  // namespace weft
