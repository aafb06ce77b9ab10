// Halves the resolution whenever the points are full.
#include "frontend/report/step_history.h"

#include <algorithm>

namespace weft {
namespace {

void join(StepPoint& one, const StepPoint& next) {
  const auto before = static_cast<double>(one.last - one.first + 1);
  const auto after = static_cast<double>(next.last - next.first + 1);
  one.loss = (one.loss * before + next.loss * after) / (before + after);
  one.low = std::min(one.low, next.low);
  one.high = std::max(one.high, next.high);
  one.last = next.last;
  one.learning_rate = next.learning_rate;
}

}  // namespace

void StepHistory::add(std::int64_t step, double loss, double learning_rate) {
  const StepPoint point{step, step, loss, loss, loss, learning_rate};
  const bool room =
      !points_.empty() && points_.back().last - points_.back().first + 1 < steps_per_point_;
  if (room) return join(points_.back(), point);
  if (points_.size() == kMaxPoints) {
    for (std::size_t i = 0; i < kMaxPoints / 2; ++i) {
      points_[i] = points_[2 * i];
      join(points_[i], points_[2 * i + 1]);
    }
    points_.resize(kMaxPoints / 2);
    steps_per_point_ *= 2;
  }
  points_.push_back(point);
}

}  // namespace weft
