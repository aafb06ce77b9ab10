// recompute: the same bits as without it, in less memory; nothing where little would be saved.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "ir/parse.h"
#include "passes/compile.h"
#include "passes/pass.h"
#include "passes/plan_memory.h"
#include "tests/support/bound_program.h"

namespace weft {
namespace {

// Layers of an encoder without attention, trained: after each a norm, a product, an activation and
// dropout.
std::string layers(int count, const std::string& optimizer) {
  std::string params, nodes, x = "x";
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    params += " param %gamma" + n + " : f32[48]\n param %beta" + n + " : f32[48]\n param %up" + n +
              " : f32[48, 96]\n param %down" + n + " : f32[96, 48]\n";
    nodes += " %norm" + n + ", %m" + n + ", %r" + n + " = layer_norm(%" + x + ", %gamma" + n +
             ", %beta" + n + ")\n %u" + n + " = matmul(%norm" + n + ", %up" + n + ")\n %a" + n +
             " = gelu(%u" + n + ")\n %d" + n + " = matmul(%a" + n + ", %down" + n + ")\n %drop" +
             n + " = dropout(%d" + n + ", %seed, %step) rate=0.1 stream=" + n + "\n %y" + n +
             " = add(%" + x + ", %drop" + n + ")\n";
    x = "y" + n;
  }
  return "program @p optimizer=\"" + optimizer +
         "\" {\n symbol B <= 8\n symbol T <= 64\n input %x : f32[T, 48]\n"
         " input %offsets : i32[B+1 -> T]\n input %labels : i32[B]\n state %seed : i32[]\n"
         " state %step : i32[]\n param %w : f32[48, 3]\n" +
         params + nodes + " %pooled = mean_pool(%" + x +
         ", %offsets)\n %logits = matmul(%pooled, %w)\n %loss, %q = cross_entropy(%logits, "
         "%labels)\n %probabilities = softmax(%logits)\n"
         " return %loss, %logits, %probabilities\n}";
}

Compiled compile(const std::string& text, bool with) {
  CompileOptions options;
  if (!with) options.pipeline.skip = {"recompute"};
  return compile_train(parse_one(text), options);
}

Bindings random_values(const Graph& graph) {
  std::minstd_rand generator(3);  // NOLINT: the same each time
  std::uniform_real_distribution<double> uniform(-0.5, 0.5);
  Bindings given;
  for (const Value& value : graph.values) {
    if (value.role == Role::computed) continue;
    Extents extents;
    for (const Dim& dim : value.type.shape) {
      extents.push_back(dim.value + (dim.symbol == "T" ? 60 : dim.symbol == "B" ? 4 : 0));
    }
    Tensor tensor(std::move(extents));
    const bool moment = value.role == Role::state;  // also the step and the seed
    for (double& x : tensor.data) {
      x = value.type.dtype == DType::f32 && !moment ? uniform(generator) : 0.0;
    }
    given.emplace(value.name, std::move(tensor));
  }
  given["offsets"].data = {0, 7, 30, 30, 60};
  given["labels"].data = {0, 2, 1, 2};
  given["rate"].data = {0.01};
  return given;
}

// All that persists after some steps, and the last loss.
std::vector<std::vector<std::byte>> trained(const Graph& graph, const Bindings& given) {
  BoundProgram program(graph, given, 1);
  for (int step = 0; step < 3; ++step) program.run(given);
  std::vector<std::vector<std::byte>> bytes;
  for (const PlanTensor& tensor : program.memory().tensors()) {
    bytes.emplace_back(tensor.bytes.begin(), tensor.bytes.end());
  }
  const std::byte* const loss = program.result().data;
  bytes.emplace_back(loss, loss + sizeof(float));
  return bytes;
}

std::ptrdiff_t count(const Graph& graph, std::string_view op) {
  return std::ranges::count_if(graph.nodes, [&](const Node& node) { return node.op->name == op; });
}

TEST_CASE("a program that computes values again trains to the same bits in less memory") {
  for (const char* optimizer : {"sgd", "adamw"}) {
    const std::string text = layers(4, optimizer);
    const Graph kept = compile(text, false).program, again = compile(text, true).program;
    CHECK(count(again, "gelu") > count(kept, "gelu"));
    CHECK(count(again, "layer_norm") > count(kept, "layer_norm"));
    CHECK(count(again, "linear") == count(kept, "linear"));
    CHECK(count(again, "matmul") == count(kept, "matmul"));
    CHECK(max_live_bytes(again) * 100 < max_live_bytes(kept) * 80);
    const Bindings given = random_values(kept);
    CHECK(trained(kept, given) == trained(again, given));
  }
}

TEST_CASE("live bytes are those of each moment, and their most is the bound") {
  const Graph graph = parse_one(
      "program @p {\n input %x : f32[16]\n %1 = concat(%x, %x)\n %2 = concat(%1, %1)\n"
      " %3 = slice(%2) axis=0 begin=0 end=16\n return %3\n}");
  CHECK(live_bytes(graph) == std::vector<std::int64_t>{64, 192, 384, 320, 64});
  CHECK(max_live_bytes(graph) == 384);
}

}  // namespace
}  // namespace weft
