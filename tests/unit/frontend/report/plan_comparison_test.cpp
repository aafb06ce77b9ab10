// Two plans compared: sums that agree with each plan's own metrics, McNemar's test against counting
// by hand, hostile texts.
#include "frontend/report/plan_comparison.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/support/small_model.h"
#include "tests/support/text.h"
#include "tests/support/well_formed.h"

namespace weft {
namespace {

constexpr const char* kHostile = "</script><script>alert('x')</script> & \"";

using test::contains;

Plan plan_of(const std::string& end, const std::vector<std::string>& set = {}) {
  return test::small_plan(
      "model small\ntext tokenizer=whitespace max_tokens=12\n"
      "x = embedding(text, width=8)\n"
      "logits = x | conv1d(channels=4, kernel=2) | relu | max_pool | linear(labels)\noutput " +
          end + "(logits)\ntrain adam(rate=0.01) batch=8 epochs=3\n",
      set);
}

TEST_CASE("McNemar's exact test is the binomial tail, twice") {
  CHECK(mcnemar(0, 0) == 1);
  CHECK(mcnemar(1, 5) == doctest::Approx(2 * (1 + 6) / 64.0));
  CHECK(mcnemar(5, 1) == mcnemar(1, 5));
  CHECK(mcnemar(0, 10) == doctest::Approx(2 / 1024.0));
  CHECK(mcnemar(3, 3) == 1);
  CHECK(mcnemar(400, 600) < 1e-9);
  CHECK(mcnemar(400, 600) > 0);
}

TEST_CASE("sums agree with each plan's metrics, and every answer that differs is there") {
  for (const char* end : {"softmax", "sigmoid"}) {
    Session first(plan_of(end), {1}), second(plan_of(end, {"train.seed=5"}), {1});
    const Corpus corpus = test::small_corpus();
    PlanComparison c = compare_plans(first, second, corpus);
    CHECK(c.texts() == corpus.size());
    const auto n = static_cast<double>(c.texts());
    CHECK(static_cast<double>(c.both + c.only_first) / n ==
          doctest::Approx(c.measured[0].metrics.accuracy));
    CHECK(static_cast<double>(c.both + c.only_second) / n ==
          doctest::Approx(c.measured[1].metrics.accuracy));
    CHECK(c.changed.size() >= c.only_first + c.only_second);
    for (const ChangedText& one : c.changed) {
      CHECK(one.answers[0] != one.answers[1]);
      CHECK(one.text == corpus.text(one.row));
      for (std::size_t i = 0; i < 2; ++i) CHECK(one.right[i] == (one.answers[i] == one.truth));
    }
    const PlanComparison same = compare_plans(first, first, corpus);
    CHECK(same.changed.empty());
    CHECK(same.p_value == 1);
    CHECK(contains(to_text(same, 10), "may be chance"));
  }
}

TEST_CASE("labels are compared by name, not by number") {
  Plan turned = plan_of("softmax");
  std::swap(turned.labels[0], turned.labels[1]);
  Session first(plan_of("softmax"), {1}), second(std::move(turned), {1});
  const PlanComparison c = compare_plans(first, second, test::small_corpus());
  CHECK(c.changed.size() == c.texts());
  CHECK(c.only_first + c.only_second == c.texts());
}

TEST_CASE("plans of two kinds are refused") {
  Session first(plan_of("softmax"), {1}), second(plan_of("sigmoid"), {1});
  CHECK_THROWS_WITH_AS(compare_plans(first, second, test::small_corpus()),
                       doctest::Contains("the other several"), Error);
}

TEST_CASE("the comparison's page and JSON hold what differs, and escape it") {
  PlanComparison c;
  c.plans = {kHostile, "b"};
  c.both = 5;
  c.only_first = 1;
  for (Evaluation& one : c.measured) {
    ClassMetrics label;
    label.name = kHostile;
    one.metrics.classes.push_back(label);
  }
  c.changed.push_back(
      {3, std::string(kHostile) + "\x1B\xFF", kHostile, {kHostile, "x"}, {true, false}});
  const std::string page = comparison_page(c, {kHostile, {}, {}});
  CHECK(test::malformed(page) == "");
  CHECK_FALSE(contains(page, "<script>alert"));
  CHECK(page == comparison_page(c, {kHostile, {}, {}}));
  CHECK(contains(page, "✗ x"));
  const auto json = nlohmann::json::parse(to_json(c));
  CHECK(json["changed"][0]["row"] == 4);
  CHECK(json["only_first_right"] == 1);
  CHECK_FALSE(contains(to_text(c, 10), "\x1B"));
  CHECK(contains(to_text(c, 0), "1 of 6 answers differ"));
}

}  // namespace
}  // namespace weft
