// The learning rate of each step: a shape over the run, after a warm-up.
#pragma once

#include <cstdint>

namespace weft {

enum class ScheduleShape : std::uint8_t { constant, linear, cosine, step };

struct LearningRateSchedule {
  ScheduleShape shape = ScheduleShape::constant;
  double warmup = 0;             // steps in which the rate rises; below 1: that share of the run
  double final_rate = 0;         // linear, cosine: where they end, as a share of the rate
  std::int64_t step_epochs = 1;  // step: times step_factor every so many epochs
  double step_factor = 0.5;
};

// The position of a step in its run, counted in examples, since batches may differ in size. With
// equal batches, step t of n begins at t / n.
struct RunPosition {
  std::int64_t before = 0, after = 0, total = 0;  // examples: seen so far, with this step, of all
  std::int64_t epoch = 0;                         // of the run, from 0
  std::int64_t batch = 1;                         // examples of a full batch: a step of warm-up
};

// The learning rate is multiplied by this; it is at most 1.
double learning_rate_factor(const LearningRateSchedule&, const RunPosition&);

}  // namespace weft
