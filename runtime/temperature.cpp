// Softmax and sigmoid of scaled logits, in double.
#include "runtime/temperature.h"

#include <algorithm>
#include <cmath>

namespace weft {
namespace {

double logit(double p) { return std::log(p) - std::log1p(-p); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

void apply_temperature(std::span<const float> logits, double temperature, Task task,
                       std::span<float> p) {
  const auto scaled = [&](float x) { return static_cast<double>(x) / temperature; };
  const auto yes = [&](float x) { return static_cast<float>(sigmoid(scaled(x))); };
  if (task == Task::multi_label) {
    std::ranges::transform(logits, p.begin(), yes);
  } else if (logits.size() < p.size()) {  // one number tells the second label from the first
    p[1] = yes(logits[0]);
    p[0] = 1.0F - p[1];
  } else {
    const double max = scaled(*std::ranges::max_element(logits));
    double sum = 0;
    for (const float x : logits) sum += std::exp(scaled(x) - max);
    std::ranges::transform(logits, p.begin(), [&](float x) {
      return static_cast<float>(std::exp(scaled(x) - max) / sum);
    });
  }
}

void set_temperature(Plan& plan, double temperature) {
  if (plan.task == Task::multi_label && plan.threshold > 0 && plan.threshold < 1) {
    plan.threshold = sigmoid(logit(plan.threshold) * plan.temperature / temperature);
  }
  plan.temperature = temperature;
}

}  // namespace weft
