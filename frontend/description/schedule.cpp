// The formulas of the shapes.
#include "frontend/description/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace weft {

double learning_rate_factor(const LearningRateSchedule& s, const RunPosition& at) {
  const auto total = static_cast<double>(at.total);
  const auto before = static_cast<double>(at.before);
  const double warm = s.warmup < 1 ? s.warmup * total : s.warmup * static_cast<double>(at.batch);
  const double rise = before < warm ? std::min(1.0, static_cast<double>(at.after) / warm) : 1.0;
  const double left = total - warm;
  const double share = left > 0 ? std::clamp((before - warm) / left, 0.0, 1.0) : 0.0;
  switch (s.shape) {
    case ScheduleShape::constant:
      return rise;
    case ScheduleShape::linear:
      return rise * (s.final_rate + (1 - s.final_rate) * (1 - share));
    case ScheduleShape::cosine:
      return rise *
             (s.final_rate + (1 - s.final_rate) * (1 + std::cos(std::numbers::pi * share)) / 2);
    case ScheduleShape::step: {
      const std::int64_t falls = at.epoch / s.step_epochs;
      return rise * std::pow(s.step_factor, static_cast<double>(falls));
    }
  }
  return rise;
}

}  // namespace weft
