// Epochs and averaging are as the trial had them, and as validation chose them.
#include "frontend/search/final_values.h"

#include "frontend/description/settings.h"

namespace weft {

Assignments final_values(const TuneResult& result, const Trial& trial, bool fully) {
  if (!fully) return result.values;
  Overrides overrides = trial.overrides;
  for (const auto& [path, value] : result.values) overrides.set(path, value);
  const DescriptionSettings settings = settings_of(*trial.description, overrides);
  // If the learning rate depends on the length of the run, the run keeps its length.
  const LearningRateSchedule& schedule = settings.schedule;
  const bool constant =
      schedule.shape == ScheduleShape::constant && (schedule.warmup == 0 || schedule.warmup >= 1);
  const std::int64_t scored = result.averaged > 0 ? result.ended : result.best_epoch;
  Assignments values = result.values;
  values.emplace_back("train.epochs", constant ? scored : result.epochs);
  // Without validation data the mean of the last epochs is always taken.
  if (settings.average != result.averaged) values.emplace_back("train.average", result.averaged);
  return values;
}

}  // namespace weft
