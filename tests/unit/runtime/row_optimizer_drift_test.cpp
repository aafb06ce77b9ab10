// A thousand steps of a small text model: row by row, Adam drifts from the dense program as little
// as the dense program drifts from itself when the sums over a batch are taken in another order.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ir/parse.h"
#include "ir/random.h"
#include "passes/flush.h"
#include "passes/pass.h"
#include "tests/support/bound_program.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

constexpr std::int64_t kTexts = 16, kWords = 80;

Graph compile(const char* passes) {
  const Graph forward = parse_one(R"(program @train optimizer="adam" {
    symbol B <= 16
    symbol T <= 192
    input %ids : i32[T]
    input %offsets : i32[B+1 -> T]
    input %labels : i32[B]
    param %e : f32[80, 12]
    param %w : f32[3, 12, 20]
    param %v : f32[20, 2]
    %x = embedding(%ids, %e)
    %c = conv1d(%x, %w, %offsets, %offsets) padding="same"
    %r = relu(%c)
    %p, %at = max_pool(%r, %offsets)
    %logits = matmul(%p, %v)
    %loss, %q = cross_entropy(%logits, %labels)
    return %loss
  })");
  PassContext context;
  return run_passes(forward, parse_passes(passes), context);
}

Bindings fresh(const Graph& graph) {
  Bindings bindings;
  for (const Value& value : graph.values) {
    if (value.role != Role::param && value.role != Role::state) continue;
    Extents shape;
    for (const Dim& dim : value.type.shape) shape.push_back(dim.value);
    Tensor tensor(shape);
    if (value.name.size() == 1) {  // a weight: the rest is what the optimizer keeps
      const RandomKey key = random_key(1, value.name[0], 0);
      for (std::size_t i = 0; i < tensor.data.size(); ++i) {
        tensor.data[i] = random_uniform(key, static_cast<std::uint32_t>(i)) - 0.5;
      }
    }
    bindings[value.name] = tensor;
  }
  return rounded(bindings);
}

// Texts of frequent and rare words; the label is mostly whether word 5 stands in one.
Bindings batch(int step, double rate, bool reversed) {
  const RandomKey key = random_key(2, step, 0);
  std::uint32_t drawn = 0;
  const auto draw = [&] { return random_uniform(key, drawn++); };
  std::vector<std::vector<double>> texts;
  std::vector<double> labels;
  for (std::int64_t i = 0; i < kTexts; ++i) {
    texts.emplace_back(1 + static_cast<std::size_t>(11 * draw()));
    for (double& id : texts.back()) id = std::floor(kWords * std::pow(draw(), 3));
    const bool has = std::ranges::count(texts.back(), 5.0) > 0;
    labels.push_back(has != (draw() < 0.1) ? 1.0 : 0.0);
  }
  if (reversed) {
    std::ranges::reverse(texts);
    std::ranges::reverse(labels);
  }
  Bindings given{{"labels", Tensor({kTexts})}, {"rate", Tensor({}, rate)}};
  given["labels"].data = labels;
  std::vector<double> ids, offsets{0};
  for (const auto& text : texts) {
    ids.insert(ids.end(), text.begin(), text.end());
    offsets.push_back(static_cast<double>(ids.size()));
  }
  given["ids"] = Tensor({static_cast<std::int64_t>(ids.size())});
  given["ids"].data = ids;
  given["offsets"] = Tensor({kTexts + 1});
  given["offsets"].data = offsets;
  return rounded(given);
}

// The embeddings after 1,000 steps, all rows up to date.
std::vector<float> trained(const Graph& train, double rate, bool reversed = false) {
  BoundProgram program(train, fresh(train), 1);
  for (int step = 1; step <= 1000; ++step) program.run(batch(step, rate, reversed));
  if (const auto flush = make_flush_program(train)) {
    Executor executor(*flush, program.memory(), 1);
    executor.run(std::span<const SymbolExtent>{});
  }
  for (const PlanTensor& tensor : program.memory().tensors()) {
    if (tensor.name != "e") continue;
    std::vector<float> values(tensor.bytes.size() / sizeof(float));
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    return values;
  }
  return {};
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {  // root mean square
  REQUIRE(a.size() == b.size());
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    squares += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  }
  return std::sqrt(squares / static_cast<double>(a.size()));
}

TEST_CASE("after 1,000 steps row by row is as near to dense as dense in another order") {
  const Graph dense = compile("autodiff,optimizer-step,dce,plan-memory");
  const Graph rows =
      compile("dedup-tokens,autodiff,optimizer-step,row-sparse-optimizer,dce,plan-memory");
  CHECK(make_flush_program(rows).has_value());
  // Row by row a step that is made up for is rounded once more; the faster the weights move, the
  // more both differences are those of the trajectories.
  for (const double rate : {0.01, 0.03}) {
    CAPTURE(rate);
    const std::vector<float> densely = trained(dense, rate);
    const double reordered = distance(densely, trained(dense, rate, true));
    const double by_rows = distance(densely, trained(rows, rate));
    MESSAGE("rate ", rate, ", embeddings after 1,000 steps, rms: dense and row by row ", by_rows,
            ", dense and dense reordered ", reordered);
    CHECK(reordered > 0.0);
    CHECK(by_rows <= 4.0 * reordered);
  }
}

}  // namespace
}  // namespace weft
