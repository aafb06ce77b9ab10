// Newton's method on the derivative by the inverse temperature, kept within a bracket.
#include "frontend/train/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "frontend/train/curves.h"
#include "frontend/train/evaluate.h"

namespace weft {
namespace {

struct Row {
  std::span<const float> logits;
  double max = 0, sum = 0;  // of exp(logit * inverse - most)

  Row(const AnsweredLogits& answers, std::size_t i, double inverse)
      : logits(std::span(answers.logits).subspan(i * answers.width, answers.width)) {
    max = inverse * static_cast<double>(*std::ranges::max_element(logits));
    for (const float x : logits) sum += std::exp(inverse * static_cast<double>(x) - max);
  }
  double probability(std::size_t c, double inverse) const {
    return std::exp(inverse * static_cast<double>(logits[c]) - max) / sum;
  }
};

struct Slope {
  double first = 0, second = 0;  // derivatives of the mean loss by the inverse temperature
};

// The loss of a row is log sum exp(b z) - b z[right]: its derivatives by b are the mean of z under
// p, less z[right], and the variance of z under p.
Slope slope(const AnsweredLogits& answers, double inverse) {
  Slope mean;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Row row(answers, i, inverse);
    double z = 0;
    double z2 = 0;
    for (std::size_t c = 0; c < answers.width; ++c) {
      const auto x = static_cast<double>(row.logits[c]);
      const double p = row.probability(c, inverse);
      z += p * x;
      z2 += p * x * x;
    }
    mean.first += z - static_cast<double>(row.logits[answers.right[i]]);
    mean.second += z2 - z * z;
  }
  const auto n = static_cast<double>(answers.size());
  return {mean.first / n, mean.second / n};
}

}  // namespace

std::vector<std::uint32_t> calibration_rows(std::size_t examples, std::size_t labels) {
  constexpr std::size_t kMaxAnswers = std::size_t{1} << 24U;  // 10,000 labels: 1,677 texts
  const std::size_t max = std::max<std::size_t>(1, kMaxAnswers / std::max<std::size_t>(labels, 1));
  std::vector<std::uint32_t> rows(std::min(examples, max));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = static_cast<std::uint32_t>(i * examples / rows.size());
  }
  return rows;
}

AnsweredLogits answer(Session& session, const Dataset& data) {
  AnsweredLogits answers;
  answers.multi_label = session.plan().task == Task::multi_label;
  if (!answers.multi_label && data.space.known < 2) {
    throw Error(fmt::format("the plan knows one label, `{}`, and is always certain of it",
                            session.labels().front()),
                "there is nothing to calibrate");
  }
  predict_all(session, data, [&](std::size_t i, const Predictions& all, std::size_t k) {
    const auto logits = all.logits(k);
    const auto truth = data.labels_of(i);
    if (answers.multi_label) {
      answers.width = 2;
      for (std::size_t c = 0; c < logits.size(); ++c) {
        const bool on = std::ranges::find(truth, static_cast<std::int32_t>(c)) != truth.end();
        answers.logits.insert(answers.logits.end(), {0.0F, logits[c]});
        answers.right.push_back(on ? 1 : 0);
      }
      return;
    }
    if (truth.size() != 1) {
      throw Error("a text has several labels or none, but the plan gives each text exactly one",
                  "calibrate with data like that the plan was trained on");
    }
    const auto right = static_cast<std::uint32_t>(truth.front());
    if (right >= data.space.known) {
      ++answers.unknown;
      return;
    }
    if (logits.size() == 1) answers.logits.push_back(0);
    answers.logits.insert(answers.logits.end(), logits.begin(), logits.end());
    answers.width = std::max<std::size_t>(logits.size(), 2);
    answers.right.push_back(right);
  });
  return answers;
}

double negative_log_likelihood(const AnsweredLogits& answers, double temperature) {
  const double inverse = 1 / temperature;
  double sum = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Row row(answers, i, inverse);
    const auto right = static_cast<double>(row.logits[answers.right[i]]);
    sum += row.max + std::log(row.sum) - inverse * right;
  }
  return answers.size() == 0 ? 0 : sum / static_cast<double>(answers.size());
}

double calibration_error(const AnsweredLogits& answers, double temperature) {
  std::vector<float> confidence;
  std::vector<std::uint8_t> right;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Row row(answers, i, 1 / temperature);
    const auto best =
        static_cast<std::size_t>(std::ranges::max_element(row.logits) - row.logits.begin());
    const std::size_t asked = answers.multi_label ? 1 : best;
    confidence.push_back(static_cast<float>(row.probability(asked, 1 / temperature)));
    right.push_back(answers.right[i] == asked ? 1 : 0);
  }
  return expected_calibration_error(reliability(confidence, right));
}

std::size_t right_answers(const AnsweredLogits& answers) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto logits = std::span(answers.logits).subspan(i * answers.width, answers.width);
    const auto best = std::ranges::max_element(logits) - logits.begin();
    right += answers.right[i] == static_cast<std::uint32_t>(best) ? 1 : 0;
  }
  return right;
}

double fit_temperature(const AnsweredLogits& answers) {
  double low = 1 / kHottest;
  double high = 1 / kCoolest;
  if (slope(answers, low).first >= 0) return kHottest;
  if (slope(answers, high).first <= 0) return kCoolest;
  double inverse = 1;
  for (int step = 0; step < 100; ++step) {
    const Slope at = slope(answers, inverse);
    (at.first > 0 ? high : low) = inverse;
    double next = at.second > 0 ? inverse - at.first / at.second : low;
    if (next <= low || next >= high) next = (low + high) / 2;
    if (std::abs(next - inverse) <= 1e-10 * inverse) break;
    inverse = next;
  }
  return 1 / inverse;
}

Calibration calibrate(const AnsweredLogits& answers, double before) {
  if (answers.size() == 0) {
    throw Error("there is nothing to calibrate with: no example has a label that the plan knows",
                "name held-out data with the plan's labels");
  }
  const double after = fit_temperature(answers);
  return {after, negative_log_likelihood(answers, before), negative_log_likelihood(answers, after),
          calibration_error(answers, before), calibration_error(answers, after)};
}

void expect_fit(const AnsweredLogits& answers, const Calibration& found) {
  if (found.temperature != kCoolest && found.temperature != kHottest) return;
  const std::size_t right = right_answers(answers);
  if (answers.size() < kEnoughToValidate) {
    throw Error(fmt::format("{} of {} answers {} right: so few texts cannot say how often", right,
                            answers.size(), right == 1 ? "is" : "are"),
                "give hundreds of texts");
  }
  if (right == 0) {
    throw Error(fmt::format("all {} answers are wrong: that the labels of the data are mixed up is "
                            "likelier than that the plan is so bad",
                            answers.size()),
                "see `weft eval`");
  }
  throw Error(
      found.temperature == kCoolest
          ? "all answers are right, and no temperature is low enough: the plan was probably "
            "trained on this data"
          : "most answers are wrong, and no temperature is high enough: the data is probably "
            "not of the kind that the plan was trained on",
      "calibrate by other texts");
}

}  // namespace weft
