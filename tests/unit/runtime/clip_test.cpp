// Gradient clipping in compiled training programs, rewritten or not, against the gradients that
// they are clipped from; word dropout and weight decay where the rewrites are at work.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "ir/op.h"
#include "runtime/session.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

Plan plan_of(const std::string& train, bool rewrites, const std::string& embedding = "") {
  const std::string text =
      "model small\ntext tokenizer=whitespace max_tokens=12\n"
      "x = embedding(text, width=8" +
      embedding +
      ")\n"
      "a = x | conv1d(channels=6, kernel=3) | relu | max_pool\n"
      "b = x | conv1d(channels=9, kernel=2) | relu | max_pool\n"
      "logits = concat(a, b) | linear(labels)\n"
      "output softmax(logits)\ntrain " +
      train + " batch=8 epochs=1\n";
  CompileOptions options;
  options.rewrites = rewrites;
  return build_plan(parse_description(text, "small.model"), Overrides(std::vector<std::string>{}),
                    test::small_corpus(), options);
}

using Change = std::map<std::string, std::vector<double>>;  // by param

// What some steps take from each weight: of one step of plain descent at rate 1, the gradient.
Change change(const Plan& plan, double rate = 1.0, int steps = 1) {
  Session session(plan, {.threads = 1, .train = true});
  const Dataset data = encode(test::small_corpus(), session.encoder(), session.labels());
  Batches batches(data, 8, session.train_capacity(), 3);
  batches.start(1);
  for (int i = 0; i < steps && batches.next(); ++i) {
    session.train_step(batches.texts(), batches.labels(), rate);
  }
  const Plan after = session.snapshot();
  Change change;
  for (const PlanTensor& tensor : plan.tensors) {
    if (tensor.role != Role::param) continue;
    const auto* before = reinterpret_cast<const float*>(tensor.bytes.data());
    const auto* now = reinterpret_cast<const float*>(after.tensor(tensor.name)->bytes.data());
    for (std::size_t i = 0; i < tensor.bytes.size() / sizeof(float); ++i) {
      change[tensor.name].push_back(static_cast<double>(before[i]) - static_cast<double>(now[i]));
    }
  }
  return change;
}

template <class F>
void check_each(const Change& found, const Change& gradients, F expected) {
  REQUIRE(found.size() == gradients.size());
  for (const auto& one : found) {
    const auto& name = one.first;
    const auto& values = one.second;
    CAPTURE(name);
    const std::vector<double>& gradient = gradients.at(name);
    for (std::size_t i = 0; i < values.size(); ++i) {
      // The difference of two weights of up to 1 in float.
      REQUIRE(std::abs(values[i] - expected(gradient[i])) <= 3e-7);
    }
  }
}

TEST_CASE("the norm is that of all gradients together, also where rows alone are updated") {
  for (const bool rewrites : {false, true}) {
    CAPTURE(rewrites);
    const Change gradients = change(plan_of("sgd(rate=1)", rewrites));
    double square = 0;
    for (const auto& [name, values] : gradients) {
      for (const double g : values) square += g * g;
    }
    const double norm = std::sqrt(square);
    REQUIRE(norm > 0.1);
    for (const double limit : {norm / 3, norm * 1.01}) {
      const Plan plan = plan_of("sgd(rate=1) clip_norm=" + std::to_string(limit), rewrites);
      const double factor = std::min(1.0, std::stod(std::to_string(limit)) / norm);
      check_each(change(plan), gradients, [&](double g) { return g * factor; });
      const bool by_rows = std::ranges::any_of(plan.notes, [](const PlanNote& note) {
        return note.text.find("touches at most") != std::string::npos;
      });
      CHECK(by_rows == rewrites);
    }
  }
}

TEST_CASE("each number of a gradient is clipped, before the norm") {
  for (const bool rewrites : {false, true}) {
    CAPTURE(rewrites);
    const Change gradients = change(plan_of("sgd(rate=1)", rewrites));
    const auto clipped = [](double g) { return std::clamp(g, -0.01, 0.01); };
    check_each(change(plan_of("sgd(rate=1) clip_value=0.01", rewrites)), gradients, clipped);
    double square = 0;
    for (const auto& [name, values] : gradients) {
      for (const double g : values) square += clipped(g) * clipped(g);
    }
    const double factor = 0.02 / std::sqrt(square);
    REQUIRE(factor < 1);
    check_each(change(plan_of("sgd(rate=1) clip_value=0.01 clip_norm=0.02", rewrites)), gradients,
               [&](double g) { return clipped(g) * factor; });
  }
}

TEST_CASE("with clipping and word dropout the rewritten program trains as the plain one does") {
  const std::string adam = "adam(rate=0.01) clip_norm=0.5";
  for (const std::string& train : {adam, std::string("adamw(weight_decay=0.1) clip_value=0.02")}) {
    const Change plain = change(plan_of(train, false, ", word_dropout=0.3"), 0.01, 7);
    const Change rows = change(plan_of(train, true, ", word_dropout=0.3"), 0.01, 7);
    check_each(rows, plain, [](double g) { return g; });
    const Change undropped = change(plan_of(train, true), 0.01, 7);
    CHECK(rows != undropped);
  }
}

TEST_CASE("word dropout is of training alone, and leaves the rewrites in place") {
  const Plan plan = plan_of("adam(rate=0.01)", true, ", word_dropout=0.3");
  const auto count = [&](const char* program, std::string_view op) {
    return std::ranges::count_if(plan.program(program)->nodes,
                                 [&](const Node& node) { return node.op->name == op; });
  };
  CHECK(count("predict", "token_dropout") == 0);
  CHECK(count("train", "token_dropout") == 1);
  CHECK(count("train", "tap_max_pool") == 1);
  CHECK(count("train", "row_adam") == 1);
}

TEST_CASE("weight decay is for the matrices; for a table where it says so; never for a bias") {
  const auto decays = [](const std::string& embedding) {
    const Plan plan = plan_of("adamw(weight_decay=0.1)", true, embedding);
    std::map<std::string, bool> by_param;
    for (const Value& value : plan.program("train")->values) {
      if (value.role == Role::param) {
        by_param[value.name] = !value.attrs.contains("decay");
      }
    }
    return by_param;
  };
  const auto usual = decays("");
  CHECK(usual.at("a.conv1d.weight"));
  CHECK(usual.at("logits.linear.weight"));
  CHECK_FALSE(usual.at("a.conv1d.bias"));
  CHECK_FALSE(usual.at("x.embedding.weight"));
  CHECK(decays(", decay=true").at("x.embedding.weight"));
  // A word that no batch has moves by decay alone: by 1 - rate * decay each step.
  for (const bool decay : {false, true}) {
    const Plan plan = plan_of("adamw(weight_decay=0.1)", true, decay ? ", decay=true" : "");
    const Change moved = change(plan, 0.01, 1);
    const auto& table = moved.at("x.embedding.weight");
    const Dim width = plan.tensor("x.embedding.weight")->type.shape[1];
    const auto still = std::count(table.begin() + width.value, table.end(), 0.0);  // but <unk>
    CHECK((still > 0) == !decay);
  }
}

}  // namespace
}  // namespace weft
