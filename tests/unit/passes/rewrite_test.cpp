// The rewrites of convolutions of lookups: the same values and gradients as the plain programs, in
// double and by the kernels.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "frontend/train/compare_plans.h"
#include "frontend/train/plan_forms.h"
#include "ir/interpret.h"
#include "ir/ops/ops.h"
#include "passes/pass.h"
#include "runtime/session.h"
#include "tests/support/random_graph.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

constexpr std::uint64_t kSeeds = 600;

std::vector<Tensor> results(const Graph& graph, const std::string& passes, const Bindings& given,
                            std::map<std::string_view, int>& ops) {
  PassContext context;
  const Graph done = run_passes(graph, parse_passes(passes), context);
  for (const Node& node : done.nodes) ++ops[node.op->name];
  return interpret(done, given).results;
}

void check_close(const std::vector<Tensor>& found, const std::vector<Tensor>& wanted) {
  REQUIRE(found.size() == wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    REQUIRE(found[i].shape == wanted[i].shape);
    for (std::size_t k = 0; k < found[i].data.size(); ++k) {
      const double apart = std::abs(found[i].data[k] - wanted[i].data[k]);
      REQUIRE(apart <= 1e-9 * (1.0 + std::abs(wanted[i].data[k])));
    }
  }
}

TEST_CASE("each rewrite keeps the values of random programs that predict") {
  std::map<std::string_view, int> ops;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    const RandomProgram random = random_program(seed);
    const auto wanted = results(random.graph, "infer-only", random.given, ops);
    for (const char* passes :
         {"sink-activation", "merge-embeddings", "conv1d-to-taps", "conv1d-to-taps,simplify",
          "sink-activation,merge-embeddings,conv1d-to-taps,project-embedding,simplify,dce"}) {
      CAPTURE(passes);
      check_close(results(random.graph, std::string("infer-only,") + passes, random.given, ops),
                  wanted);
    }
  }
  for (const char* op : {"tap_max_pool", "tap_mean_pool", "tap_sum"}) CHECK(ops[op] > 10);
}

TEST_CASE("each rewrite keeps the gradients of random programs") {
  std::map<std::string_view, int> ops;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    const RandomProgram random = random_program(seed);
    const auto wanted = results(random.graph, "autodiff", random.given, ops);
    const std::string all =
        "sink-activation,dedup-tokens,merge-embeddings,conv1d-to-taps,project-embedding,simplify";
    for (const std::string& passes : std::vector<std::string>{
             std::string("sink-activation,autodiff"), std::string("conv1d-to-taps,autodiff"),
             "dedup-tokens,merge-embeddings,conv1d-to-taps,autodiff", all + ",autodiff",
             all + ",autodiff,sparse-max-gradient,cse,dce"}) {
      CAPTURE(passes);
      check_close(results(random.graph, passes, random.given, ops), wanted);
    }
  }
  for (const char* op :
       {"tap_max_pool_grad", "tap_sum_grad", "sparse_tap_input_grad", "sparse_tap_weight_grad"}) {
    CAPTURE(op);
    CHECK(ops[op] > 5);
  }
}

// Models of every form that the rewrites tell apart.
const std::vector<std::string> kModels = {
    // several widths, one above all texts' lengths
    "x = embedding(text, width=8)\n"
    "a = x | conv1d(channels=6, kernel=3) | relu | max_pool\n"
    "b = x | conv1d(channels=20, kernel=5, padding=valid) | tanh | max_pool\n"
    "c = x | conv1d(channels=7, kernel=15, dilation=2, padding=causal) | max_pool\n"
    "logits = concat(b, a, c) | dropout(0.2) | linear(labels)\n",
    // two tables, one static; means; an activation that is not monotone
    "s = embedding(text, width=8, static)\n"
    "t = embedding(text, width=8)\n"
    "x = s + t\n"
    "a = x | conv1d(channels=16, kernel=3) | gelu | mean_pool\n"
    "b = concat(s, t) | conv1d(channels=9, kernel=2) | relu | max_pool\n"
    "logits = concat(a, b) | linear(labels)\n",
    // stacked, local pooling, dropout on the embedding
    "x = embedding(text, width=8)\n"
    "h = x | conv1d(channels=16, kernel=3) | relu | max_pool(size=2)\n"
    "a = h | conv1d(channels=8, kernel=3) | relu | max_pool\n"
    "b = x | dropout(0.3) | conv1d(channels=8, kernel=3) | relu | max_pool\n"
    "logits = concat(a, b) | linear(labels)\n",
    // static embeddings
    "x = embedding(text, width=8, static)\n"
    "a = x | conv1d(channels=6, kernel=3) | relu | max_pool\n"
    "logits = a | linear(labels)\n"};

Plan plan_of(const std::string& body, const std::string& optimizer, bool rewrites,
             TableOptions tables = {}) {
  const std::string text = "model small\ntext tokenizer=whitespace max_tokens=12\n" + body +
                           "output softmax(logits)\ntrain " + optimizer + " batch=8 epochs=1\n";
  CompileOptions options;
  options.rewrites = rewrites;
  options.tables = tables;
  return build_plan(parse_description(text, "small.model"), Overrides(std::vector<std::string>{}),
                    test::small_corpus(), options);
}

// The plan after so many steps.
Plan trained(Plan plan, double rate, int steps) {
  Session session(std::move(plan), {.threads = 1, .train = true});
  const Dataset data = encode(test::small_corpus(), session.encoder(), session.labels());
  Batches batches(data, 8, session.train_capacity(), 3);
  batches.start(1);
  for (int i = 0; i < steps && batches.next(); ++i) {
    session.train_step(batches.texts(), batches.labels(), rate);
  }
  return session.snapshot();
}

std::span<const float> floats(const PlanTensor& tensor) {
  return {reinterpret_cast<const float*>(tensor.bytes.data()), tensor.bytes.size() / 4};
}

// The greatest difference of any weight's change, relative to that weight's greatest change.
double greatest_difference(const Plan& start, const Plan& one, const Plan& other) {
  double greatest = 0.0;
  for (const PlanTensor& tensor : start.tensors) {
    if (tensor.role != Role::param) continue;
    const auto before = floats(tensor), a = floats(*one.tensor(tensor.name)),
               b = floats(*other.tensor(tensor.name));
    double apart = 0.0, change = 0.0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      apart = std::max(apart, std::abs(static_cast<double>(a[i]) - b[i]));
      change = std::max(change, std::abs(static_cast<double>(a[i]) - before[i]));
    }
    if (change > 0) greatest = std::max(greatest, apart / change);
  }
  return greatest;
}

TEST_CASE("rewritten programs predict what plain ones do") {
  for (const std::string& body : kModels) {
    CAPTURE(body);
    const Plan plain = plan_of(body, "adam(rate=0.01)", false);
    const Plan rewritten = plan_of(body, "adam(rate=0.01)", true);
    CHECK(rewritten.program("load") != nullptr);
    CHECK(compare(plain, rewritten, test::small_corpus(), 1).logit_difference <= 1e-5);
    const Plan plain_again = recompile_predict(rewritten, {.rewrites = false});
    CHECK(compare(plain, plain_again, test::small_corpus(), 1).logit_difference == 0.0);
  }
}

// One step of plain descent changes a weight by its gradient.
TEST_CASE("rewritten programs have the gradients of plain ones") {
  for (const std::string& body : kModels) {
    CAPTURE(body);
    const Plan plain = plan_of(body, "sgd(rate=1)", false);
    const Plan rewritten = plan_of(body, "sgd(rate=1)", true);
    CHECK(greatest_difference(plain, trained(plain, 1.0, 1), trained(rewritten, 1.0, 1)) <= 1e-5);
  }
}

TEST_CASE("rewritten programs train as plain ones do, by every optimizer") {
  for (const char* optimizer :
       {"sgd(rate=0.1)", "sgd(rate=0.1, momentum=0.9, nesterov=true)", "adam(rate=0.01)",
        "adamw(rate=0.01, weight_decay=0.1)", "adadelta(rate=1.0)", "adagrad(rate=0.1)",
        "adagrad(rate=0.1, weight_decay=0.1)"}) {
    for (const std::string& body : kModels) {
      CAPTURE(optimizer);
      CAPTURE(body);
      const Plan plain = plan_of(body, optimizer, false);
      const Plan rewritten = plan_of(body, optimizer, true);
      CHECK(greatest_difference(plain, trained(plain, 0.01, 7), trained(rewritten, 0.01, 7)) <=
            2e-3);
    }
  }
}

TEST_CASE("after training, predictions are those of the new weights") {
  const Plan start = plan_of(kModels[0], "adam(rate=0.01)", true);
  Session session(start, {.threads = 1, .train = true});
  const Dataset data = encode(test::small_corpus(), session.encoder(), session.labels());
  Batches batches(data, 8, session.train_capacity(), 3);
  batches.start(1);
  Predictions before, after;
  session.predict_ids(data.texts(), before);
  while (batches.next()) session.train_step(batches.texts(), batches.labels(), 0.01);
  session.predict_ids(data.texts(), after);
  Session fresh(session.snapshot(), {.threads = 1});
  Predictions again;
  fresh.predict_ids(data.texts(), again);
  bool moved = false;
  for (std::size_t i = 0; i < after.size(); ++i) {
    CHECK(std::ranges::equal(after.logits(i), again.logits(i)));
    moved = moved || !std::ranges::equal(after.logits(i), before.logits(i));
  }
  CHECK(moved);
}

TEST_CASE("a plan with its tables stored predicts the same, without the weights behind them") {
  for (const std::string& body : kModels) {
    CAPTURE(body);
    const Plan plan = trained(plan_of(body, "adam(rate=0.01)", true), 0.01, 5);
    const Plan folded = fold_tables(plan);
    check_plan(folded);
    const std::vector<std::byte> bytes = encode_plan(folded);
    const Plan read = decode_plan(bytes);
    CHECK(read.program("load") == nullptr);
    CHECK(read.tensors.size() < plan.tensors.size());
    CHECK(compare(plan, read, test::small_corpus(), 1).logit_difference == 0.0);
  }
  const Plan folded = fold_tables(plan_of(kModels[0], "adam(rate=0.01)", true));
  CHECK(folded.tensor("x.embedding.weight") == nullptr);
  CHECK(folded.tensor("a.conv1d.weight") == nullptr);
  for (const bool rewrites : {true, false}) {
    CHECK_THROWS_WITH_AS(recompile_predict(folded, {.rewrites = rewrites}),
                         doctest::Contains("tables that --fold or --deploy made"), Error);
  }
}

TEST_CASE("a plan that lacks weights for another reason is not said to be folded") {
  Plan plan = predict_only(plan_of(kModels[0], "adam(rate=0.01)", true));
  std::erase_if(plan.tensors, [](const auto& t) { return t.name == "a.conv1d.weight"; });
  for (const bool rewrites : {true, false}) {
    std::string message;
    try {
      recompile_predict(plan, {.rewrites = rewrites});
    } catch (const Error& error) {
      message = error.what();
    }
    CHECK(message.find("does not hold %a.conv1d.weight, which @") != std::string::npos);
    CHECK(message.find("--fold") == std::string::npos);
  }
}

TEST_CASE("tables of integers are close") {
  const Plan plan = trained(plan_of(kModels[0], "adam(rate=0.01)", true), 0.01, 5);
  for (const auto& one : {std::pair(DType::i16, 1e-3), std::pair(DType::i8, 1e-1)}) {
    const DType dtype = one.first;
    const double tolerance = one.second;
    CAPTURE(to_string(dtype));
    const Plan small = recompile_predict(plan, {.tables = {.dtype = dtype}});
    const Comparison close = compare(plan, small, test::small_corpus(), 1);
    CHECK(close.logit_difference > 0.0);
    CHECK(close.logit_difference < tolerance);
    CHECK(close.same_labels + 1 >= close.texts);
    const Plan folded = fold_tables(small);
    CHECK(compare(small, folded, test::small_corpus(), 1).logit_difference == 0.0);
    const bool stored = std::ranges::any_of(
        folded.tensors, [&](const PlanTensor& tensor) { return tensor.type.dtype == dtype; });
    CHECK(stored);
  }
}

bool noted(const Plan& plan, std::string_view part) {
  return std::ranges::any_of(
      plan.notes, [&](const PlanNote& note) { return note.text.find(part) != std::string::npos; });
}

TEST_CASE("a plan says which rewrites were not applied, and why") {
  const Plan tight = plan_of(kModels[0], "sgd(rate=1)", true, {.budget = 0});
  CHECK(noted(tight,
              "project-embedding: not applied to %x.embedding: the table would take 1 MB, "
              "the budget is 0 MB"));
  const Graph& plain = *tight.program("predict");  // as it was written
  CHECK(std::ranges::count(plain.nodes, &ops::conv1d, &Node::op) == 3);
  const Plan roomy = plan_of(kModels[0], "sgd(rate=1)", true);
  CHECK(compare(tight, roomy, test::small_corpus(), 1).logit_difference <= 1e-5);
  CHECK(
      noted(plan_of(kModels[2], "sgd(rate=1)", true), "conv1d-to-taps: not applied to %a.conv1d"));
}

}  // namespace
}  // namespace weft
