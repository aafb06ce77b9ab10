// The loss and the learning rate of every step of a training run, in a bounded number of points.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft {

// Some steps, one after the other.
struct StepPoint {
  std::int64_t first = 0, last = 0;
  double loss = 0, low = 0, high = 0;  // the mean of the steps' losses, and their range
  double learning_rate = 0;            // of the last
};

// Keeps at most kMaxPoints: when there are more, each two neighbours become one.
class StepHistory {
 public:
  static constexpr std::size_t kMaxPoints = 600;

  void add(std::int64_t step, double loss, double learning_rate);
  const std::vector<StepPoint>& points() const { return points_; }

 private:
  std::vector<StepPoint> points_;
  std::int64_t steps_per_point_ = 1;
};

}  // namespace weft
