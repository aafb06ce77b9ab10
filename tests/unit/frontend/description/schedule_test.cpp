// The shapes of the learning rate against their formulas, written out.
#include "frontend/description/schedule.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace weft {
namespace {

// The factors of all steps of 4 epochs of 10 batches of 5.
std::vector<double> factors(const LearningRateSchedule& schedule) {
  std::vector<double> all;
  for (std::int64_t step = 0; step < 40; ++step) {
    all.push_back(learning_rate_factor(schedule, {step * 5, step * 5 + 5, 200, step / 10, 5}));
  }
  return all;
}

TEST_CASE("without a warm-up, step t of n has its shape's value at t / n") {
  const auto constant = factors({});
  const auto linear = factors({.shape = ScheduleShape::linear});
  const auto cosine = factors({.shape = ScheduleShape::cosine, .final_rate = 0.1});
  const auto stairs = factors({.shape = ScheduleShape::step, .step_epochs = 2, .step_factor = 0.1});
  for (std::size_t t = 0; t < 40; ++t) {
    const double share = static_cast<double>(t) / 40;
    CHECK(constant[t] == 1.0);
    CHECK(linear[t] == doctest::Approx(1 - share).epsilon(1e-12));
    CHECK(cosine[t] ==
          doctest::Approx(0.1 + 0.45 * (1 + std::cos(3.14159265358979324 * share))).epsilon(1e-12));
    CHECK(stairs[t] == doctest::Approx(t < 20 ? 1.0 : 0.1));
  }
}

TEST_CASE("a warm-up rises to the full rate in so many steps; the shape has the rest of the run") {
  for (const double warmup : {8.0, 0.2}) {  // 0.2 of 40 steps
    const auto linear = factors({.shape = ScheduleShape::linear, .warmup = warmup});
    for (std::size_t t = 0; t < 40; ++t) {
      const auto step = static_cast<double>(t);
      CAPTURE(t);
      CHECK(linear[t] == doctest::Approx(t < 8 ? (step + 1) / 8 : 1 - (step - 8) / 32));
    }
  }
  const auto all_warm = factors({.warmup = 1000});  // longer than the run
  CHECK(all_warm.back() == doctest::Approx(40.0 / 1000));
}

}  // namespace
}  // namespace weft
