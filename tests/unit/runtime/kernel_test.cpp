// Every op's kernel against its reference in double, over odd, empty, short and many sequences.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "ir/op.h"
#include "passes/passes.h"
#include "runtime/kernels/counters.h"
#include "runtime/kernels/kernel.h"
#include "tests/support/bound_program.h"
#include "tests/support/every_target.h"
#include "tests/support/kernel_cases.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

// Ops of the rewrites, whose kernels have tests of their own.
const std::vector<std::string_view> kElsewhere{"mask_empty_sequences",
                                               "tap_table",
                                               "tap_table_input_grad",
                                               "tap_table_weight_grad",
                                               "quantize_taps",
                                               "tap_max_pool",
                                               "tap_max_pool_grad",
                                               "tap_mean_pool",
                                               "tap_sum",
                                               "tap_sum_grad",
                                               "sparse_tap_input_grad",
                                               "sparse_tap_weight_grad",
                                               "unique",
                                               "record_rate"};

// Optimizers and their forms for rows have tests of their own, which find them as this does.
bool tested_elsewhere(const OpDef& op) {
  return std::ranges::find(kElsewhere, op.name) != kElsewhere.end() || !op.optimizer.empty() ||
         op.row_form != nullptr || std::ranges::any_of(all_ops(), [&](const OpDef* dense) {
           return dense->row_form == &op || dense->catch_up_form == &op;
         });
}

double element(const TensorView& view, std::size_t i) {
  return view.dtype == DType::f32 ? static_cast<double>(view.f32()[i])
                                  : static_cast<double>(view.i32()[i]);
}

// A float program is off by its roundings: 2e-5 of the tensor's largest number, sums being of a few
// hundred terms of that size.
void check_close(const TensorView& found, const Tensor& expected) {
  REQUIRE(found.shape == expected.shape);
  double largest = 1.0;
  for (const double y : expected.data) largest = std::max(largest, std::abs(y));
  const double bound = found.dtype == DType::i32 ? 0.0 : 2e-5 * largest;
  for (std::size_t i = 0; i < expected.data.size(); ++i) {
    if (std::abs(element(found, i) - expected.data[i]) <= bound) continue;
    CAPTURE(i);
    REQUIRE(element(found, i) == expected.data[i]);
  }
}

// In place, an intermediate result may be gone where the last node ran.
void check_kernels(const Graph& graph, const Bindings& given, const Interpretation& expected,
                   int threads, bool in_place) {
  CAPTURE(threads);
  CAPTURE(in_place);
  BoundProgram bound(plan_simply(graph, in_place), given, threads);
  bound.run(given);
  for (std::size_t i = 0; i < graph.results.size(); ++i) {
    const auto& last = graph.nodes.back().outputs;
    if (in_place && std::ranges::find(last, graph.results[i]) == last.end()) continue;
    check_close(bound.result(i), expected.results[i]);
  }
}

// The program without the results that are optional outputs: nobody reads these any more, unless a
// node does.
Graph without_optional_results(Graph graph) {
  for (const Node& node : graph.nodes) {
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.op->outputs[i].arity == Arity::optional) std::erase(graph.results, node.outputs[i]);
    }
  }
  return graph;
}

TEST_CASE("every kernel agrees with its reference") {
  std::set<std::string_view> seen;
  for (const KernelCase& c : kernel_cases()) {
    CAPTURE(c.body);
    CAPTURE(fmt::format("{} rows, lengths {}", c.sizes.rows, fmt::join(c.sizes.lengths, " ")));
    const Graph graph = case_program(c.body);
    const Bindings given = rounded(sample_bindings(graph, c.sizes, c.given));
    const Interpretation expected = interpret(graph, given);
    for (const Node& node : graph.nodes) seen.insert(node.op->name);
    with_every_target([&] { check_kernels(graph, given, expected, 1, false); });
    const Graph fewer = without_optional_results(graph);
    if (fewer.results.size() < graph.results.size()) {
      const Interpretation rest = interpret(fewer, given);
      with_every_target([&] { check_kernels(fewer, given, rest, 1, false); });
    }
    check_kernels(graph, given, expected, 1, true);
    check_kernels(graph, given, expected, 2, false);
    check_kernels(graph, given, expected, 2, true);
  }
  for (const OpDef* op : all_ops()) {
    CAPTURE(op->name);
    if (tested_elsewhere(*op) || find_kernel(*op) == nullptr) continue;
    CHECK_MESSAGE(seen.contains(op->name), "no case here runs this op");
  }
  CHECK(onednn_reference_primitives_created() == 0);
}

TEST_CASE("an op without a kernel runs by its reference") {
  const OpDef cube{
      .name = "cube",
      .doc = "x^3",
      .inputs = {{"x", "f32[..]"}},
      .outputs = {{"y", "f32[..]"}},
      .infer = [](const InferContext& v) { return std::vector<TensorType>{v.type(0)}; },
      .reference =
          [](const EvalContext& v) {
            for (std::size_t i = 0; i < v.x[0]->data.size(); ++i) {
              v.y[0].data[i] = std::pow(v.x[0]->data[i], 3);
            }
          },
  };
  CHECK((find_kernel(cube) == nullptr));
  Graph graph = case_program("input %x : f32[N, 13]\n %y = tanh(%x)");
  graph.results = {graph.add(cube, {graph.results[0]})};
  const Bindings given = rounded(sample_bindings(graph, {{}, 7}, {}));
  const Interpretation expected = interpret(graph, given);
  for (const int threads : {1, 2}) check_kernels(graph, given, expected, threads, false);
}

constexpr const char* kClassifier =
    "input %ids : i32[T]\n input %offsets : i32[B+1 -> T]\n"
    "param %table : f32[50, 61]\n param %w3 : f32[3, 61, 20]\n param %b3 : f32[20]\n"
    "param %w4 : f32[4, 61, 33]\n param %w : f32[53, 7]\n param %b : f32[7]\n"
    "%x = embedding(%ids, %table)\n"
    "%c3 = conv1d(%x, %w3, %offsets, %offsets, %b3) act=\"relu\"\n"
    "%to = window_offsets(%offsets) size=4\n"
    "%c4 = conv1d(%x, %w4, %offsets, %to, _) padding=\"valid\" act=\"tanh\"\n"
    "%p3, %at3 = max_pool(%c3, %offsets)\n %p4 = mean_pool(%c4, %to)\n"
    "%h = concat(%p3, %p4)\n %logits = linear(%h, %w, %b)\n %p = softmax(%logits)";

// Sequences of the given lengths, with ids that depend on the length only.
Bindings texts(const Graph& graph, const std::vector<std::int64_t>& lengths) {
  std::vector<double> ids;
  for (const std::int64_t length : lengths) {
    for (std::int64_t i = 0; i < length; ++i) {
      ids.push_back(static_cast<double>((length * 7 + i * i * 3) % 50));
    }
  }
  return rounded(sample_bindings(graph, {lengths}, {{"ids", ids}}));
}

// All that may be columns of a wider matrix, and what may not, side by side.
constexpr const char* kSideBySide =
    "input %ids : i32[T]\n input %from : i32[B+1 -> T]\n input %x : f32[T, 37]\n"
    "param %e : f32[50, 11]\n param %v : f32[3, 11, 21]\n param %w : f32[2, 11, 5]\n"
    "param %b : f32[26]\n %table = tap_table(%e, %v, %w)\n"
    "%q, %scale = quantize_taps(%table) dtype=\"i8\" {taps}\n"
    "%max, %1 = max_pool(%x, %from) act=\"tanh\"\n %mean = mean_pool(%x, %from)\n"
    "%taps, %2 = tap_max_pool(%ids, %table, %from, %b) {taps} act=\"tanh\"\n"
    "%relu, %at = tap_max_pool(%ids, %table, %from, %b) {taps} act=\"relu\"\n"
    "%means = tap_mean_pool(%ids, %table, %from, %b) {taps} act=\"relu\"\n"
    "%i8, %3 = tap_max_pool(%ids, %q, %from, %b, %scale) {taps}\n %copied = relu(%mean)\n"
    "%y = concat(%max, %taps, %copied, %relu, %means, %i8)\n return %y, %at";

TEST_CASE("what is concatenated is computed in its place") {
  std::string body = kSideBySide;
  for (auto at = body.find("{taps}"); at != std::string::npos; at = body.find("{taps}")) {
    body.replace(at, 6, "kernels=[3, 2] channels=[21, 5]");
  }
  const Graph graph = case_program(body);
  PassContext context;
  const Graph placed = plan_memory(zero_copy_concat(graph, context), context);
  for (const char* part : {"max", "taps", "relu", "means", "i8"}) {
    CHECK(placed.find_value(part)->is_in(Storage::Kind::columns));
  }
  CHECK(!placed.find_value("copied")->is_in(Storage::Kind::columns));
  for (const auto& lengths : kLengths) {
    Bindings given = texts(graph, lengths);
    const Interpretation expected = interpret(graph, given);
    with_every_target([&] {
      for (const int threads : {1, 2}) {
        BoundProgram bound(placed, given, threads);
        bound.run(given);
        for (std::size_t i = 0; i < 2; ++i) check_close(bound.result(i), expected.results[i]);
      }
    });
  }
}

TEST_CASE("a prediction has the same bits alone, in any batch, and on any number of threads") {
  const Graph graph = case_program(kClassifier);
  BoundProgram alone(plan_simply(graph), texts(graph, {}), 1);
  std::map<std::int64_t, std::vector<float>> expected;
  for (std::int64_t length = 0; length < 75; ++length) {
    alone.run(texts(graph, {length}));
    const auto found = alone.result().f32();
    expected[length].assign(found.begin(), found.end());
  }
  for (const int threads : {1, 2}) {
    BoundProgram batched(plan_simply(graph), texts(graph, {}), threads);
    for (std::int64_t first = 0; first < 75; ++first) {
      std::vector<std::int64_t> lengths;
      std::int64_t total = 0;
      for (std::int64_t k = 0; lengths.size() < 64; ++k) {
        const std::int64_t length = (first + k * k) % 75;
        if (total + length > 400) break;
        lengths.push_back(length);
        total += length;
      }
      batched.run(texts(graph, lengths));
      const auto found = batched.result().f32();
      for (std::size_t b = 0; b < lengths.size(); ++b) {
        const std::vector<float>& row = expected[lengths[b]];
        CAPTURE(lengths[b]);
        REQUIRE(
            std::equal(row.begin(), row.end(), found.begin() + static_cast<std::ptrdiff_t>(b * 7)));
      }
    }
  }
}

TEST_CASE("once every size has been met, running makes no primitive") {
  const Graph graph = case_program(kClassifier);
  BoundProgram bound(plan_simply(graph), texts(graph, {}), 2);
  const auto run_all = [&] {
    for (std::int64_t length = 0; length < 130; ++length) {
      bound.run(texts(graph, {length}));
      bound.run(texts(graph, {length, 3, length / 2, 0, length}));
    }
  };
  run_all();
  const std::int64_t made = onednn_primitives_created();
  run_all();
  CHECK(onednn_primitives_created() == made);
  CHECK(onednn_reference_primitives_created() == 0);
}

}  // namespace
}  // namespace weft
