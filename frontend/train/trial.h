// One model trained from its description and measured: what cross-validation and tuning repeat.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/description/description.h"
#include "frontend/train/build_plan.h"
#include "frontend/train/evaluate.h"
#include "frontend/train/trainer.h"

namespace weft {

struct Trial {
  const Description* description = nullptr;
  Overrides overrides;
  VectorsOptions vectors;
  const Corpus* corpus = nullptr;
  std::vector<std::uint32_t> train;  // examples by number
  std::vector<std::uint32_t>
      valid_rows;  // the best epoch is best on these; none: the last is taken
  const std::atomic<bool>* interrupt = nullptr;
  int threads = 1;  // so that trials side by side do not disturb one another
};

struct TrialOutcome {
  TrainOutcome training;
  Evaluation chosen;  // on `choose`, where there are any
};

// Training itself went wrong: at a rate that is too high, say, the loss became infinite.
class TrainingFailed : public Error {
 public:
  explicit TrainingFailed(const Error& e) : Error(e) {}
};

// Throws TrainingFailed, or Error where the model cannot even be built.
TrialOutcome run_trial(const Trial&, TrainObserver&);

// How good a plan is on some examples, on one thread.
Evaluation measure(Plan plan, const Corpus&, std::span<const std::uint32_t> rows);

// Says nothing.
class SilentObserver : public TrainObserver {
 public:
  void began(std::int64_t, std::size_t) override {}
  void stepped(std::int64_t, std::size_t, double) override {}
  void epoch_ended(const EpochReport&) override {}
};

}  // namespace weft
