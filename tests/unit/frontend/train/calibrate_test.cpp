// Temperatures against values worked out by hand and a scan; what a calibrated plan then says.
#include "frontend/train/calibrate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/support/small_model.h"

namespace weft {
namespace {

using doctest::Approx;

TEST_CASE("temperature: by hand") {
  // Logit 4, right in 3 of 4: sigmoid(4 / T) = 3/4, so T = 4 / log 3.
  AnsweredLogits answers{2, {0, 4, 0, 4, 0, 4, 0, 4}, {1, 1, 0, 1}};
  const double expected = 4 / std::log(3.0);
  CHECK(fit_temperature(answers) == Approx(expected).epsilon(1e-9));
  const Calibration found = calibrate(answers, 1);
  CHECK(found.nll_after == Approx(-0.75 * std::log(0.75) - 0.25 * std::log(0.25)));
  CHECK(found.nll_before == Approx(std::log1p(std::exp(-4.0)) + 1));
  CHECK(found.ece_after == Approx(0).epsilon(1e-6));
  CHECK(found.ece_before == Approx(1 / (1 + std::exp(-4.0)) - 0.75));
}

TEST_CASE("temperature: no other is better") {
  AnsweredLogits answers;
  answers.width = 5;
  std::uint32_t state = 3;
  const auto random = [&] {
    state = state * 1664525U + 1013904223U;
    return static_cast<float>(state >> 8U) / 16777216.0F;
  };
  for (int i = 0; i < 300; ++i) {
    for (int c = 0; c < 5; ++c) answers.logits.push_back(12 * random() - 6);
    const auto begin = answers.logits.end() - 5;
    const auto best = static_cast<std::uint32_t>(std::max_element(begin, begin + 5) - begin);
    answers.right.push_back(random() < 0.6F ? best : static_cast<std::uint32_t>(random() * 5));
  }
  const double found = fit_temperature(answers);
  const double min = negative_log_likelihood(answers, found);
  for (double t = 0.05; t < 50; t *= 1.05) CHECK(negative_log_likelihood(answers, t) >= min);
  CHECK(negative_log_likelihood(answers, found * 1.001) > min);
  CHECK(negative_log_likelihood(answers, found / 1.001) > min);
}

TEST_CASE("temperature: answers that are all right, or all wrong, or none") {
  CHECK(fit_temperature({2, {0, 1, 0, 2}, {1, 1}}) == kCoolest);
  CHECK(fit_temperature({2, {0, 1, 0, 2}, {0, 0}}) == kHottest);
  CHECK_THROWS_AS(calibrate({}, 1), Error);
}

// Each text's probabilities and labels, of a plan at a temperature.
struct Said {
  std::vector<float> p;
  std::vector<std::size_t> labels;
};

Said say(Plan plan, double temperature) {
  set_temperature(plan, temperature);
  const std::vector<std::byte> bytes = encode_plan(plan);
  Session session(decode_plan(bytes), {1});
  CHECK(session.plan().temperature == temperature);
  Predictions out;
  Said said;
  const Corpus corpus = test::small_corpus();
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    session.predict(std::array{corpus.text(i)}, out);
    for (std::size_t c = 0; c < 2; ++c) {
      said.p.push_back(out.probabilities(0)[c]);
      const double p = out.probabilities(0)[c];
      if (plan.task == Task::multi_label && p >= session.plan().threshold) said.labels.push_back(c);
    }
    if (plan.task != Task::multi_label) said.labels.push_back(out.label(0));
  }
  return said;
}

TEST_CASE("a calibrated plan: logits divided, labels as before") {
  const auto model = [](const std::string& end) {
    return "model small\ntext tokenizer=whitespace max_tokens=12\n"
           "x = embedding(text, width=8)\nlogits = x | max_pool | " +
           end + "(logits)\ntrain adam(rate=0.01) batch=8 epochs=3\n";
  };
  for (const std::string& end :
       {model("linear(labels)\noutput softmax"), model("linear(1)\noutput sigmoid"),
        model("linear(labels)\noutput sigmoid")}) {
    INFO(end);
    const Plan plan = test::small_plan(end);
    const bool multi = plan.task == Task::multi_label;
    const Said before = say(plan, 1);
    const Said after = say(plan, 2.5);
    CHECK(before.labels == after.labels);
    for (std::size_t i = 0; i < before.p.size(); i += 2) {
      // Odds are e to the logit; of two labels, to the difference of theirs.
      for (std::size_t c = 0; c < 2; ++c) {
        const auto odds = [&](const Said& said) {
          const double p = said.p[i + c];
          return multi ? p / (1 - p) : p / static_cast<double>(said.p[i + 1 - c]);
        };
        CHECK(std::pow(odds(after), 2.5) == Approx(odds(before)).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("of many answers, evenly spaced ones are enough") {
  CHECK(calibration_rows(3, 2) == std::vector<std::uint32_t>{0, 1, 2});
  const auto rows = calibration_rows(30000, 10000);
  CHECK(rows.size() == (1U << 24U) / 10000);
  CHECK(rows.front() == 0);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const std::uint32_t step = rows[i] - rows[i - 1];
    CHECK((step == 17 || step == 18));
  }
  CHECK(rows.back() >= 30000 - 18);
  CHECK(rows.back() < 30000);
}

TEST_CASE("a threshold goes to a temperature and back") {
  Plan plan;
  plan.task = Task::multi_label;
  plan.threshold = 0.3;
  set_temperature(plan, 3);
  CHECK(plan.threshold > 0.3);
  set_temperature(plan, 1);
  CHECK(plan.threshold == Approx(0.3));
}

}  // namespace
}  // namespace weft
