// Temperature scaling (Guo et al. 2017): one number divides all logits, so that probabilities say
// how often they are right. Labels and their order stay as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "frontend/train/dataset.h"
#include "ir/plan/plan.h"
#include "runtime/session.h"
#include "runtime/temperature.h"

namespace weft {

// A session's answers on labelled data: rows of logits and which of them is right. A yes-or-no
// logit x stands as the row 0, x.
struct AnsweredLogits {
  std::size_t width = 0;
  std::vector<float> logits;
  std::vector<std::uint32_t> right;
  bool multi_label = false;
  std::size_t unknown = 0;  // examples left out: the plan does not know their label

  std::size_t size() const { return right.size(); }
};
// The rows to calibrate on: all examples, or, if their answers to so many labels would not fit into
// memory, evenly spaced ones.
std::vector<std::uint32_t> calibration_rows(std::size_t examples, std::size_t labels);

// Error where the plan's one label leaves nothing to answer.
AnsweredLogits answer(Session&, const Dataset&);

std::size_t right_answers(const AnsweredLogits&);

// The mean of -log p of what is right, in nats.
double negative_log_likelihood(const AnsweredLogits&, double temperature);

// Single-label: of the best label's probability. Multi-label: of the probability of each yes.
double calibration_error(const AnsweredLogits&, double temperature);

// The temperature of the least likelihood loss, which is convex in its inverse; within
// kCoolest to kHottest, where the least may not exist: answers that are all right, or all wrong.
inline constexpr double kCoolest = 0.01, kHottest = 100;
double fit_temperature(const AnsweredLogits&);

struct Calibration {
  double temperature = 1;
  double nll_before = 0, nll_after = 0;  // before: at the plan's own temperature
  double ece_before = 0, ece_after = 0;
};
// Error if no example has a label that the plan knows.
Calibration calibrate(const AnsweredLogits&, double temperature_before);
// Error if no temperature within the limits fits: the nearest would be worse than none.
void expect_fit(const AnsweredLogits&, const Calibration&);

}  // namespace weft
