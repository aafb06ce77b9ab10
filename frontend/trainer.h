// Trains a plan: epochs of shuffled batches, validation, the best epoch kept, early stopping.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "frontend/dataset.h"
#include "frontend/evaluate.h"
#include "ir/plan.h"
#include "runtime/session.h"

namespace weft {

struct TrainSettings {
  std::int64_t epochs = 10;
  std::int64_t batch = 50;
  double rate = 0.001;
  std::uint64_t seed = 1;
  std::int64_t patience = 0;  // epochs in a row without a better validation; 0: never stop early
};

struct EpochReport {
  std::int64_t epoch = 0;  // of the plan's whole history, from 1
  std::int64_t step = 0;   // likewise
  double train_loss = 0;   // mean over the epoch's batches, by examples
  std::optional<Evaluation> valid;
  bool best = false;
};

// Sees training go on. Called from the training thread.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void began(std::int64_t epochs, std::size_t examples) = 0;
  virtual void stepped(std::int64_t epoch, std::size_t done, double mean_loss) = 0;
  virtual void epoch_ended(const EpochReport&) = 0;
};

struct TrainOutcome {
  Plan plan;  // of the best epoch, with the history of all
  std::int64_t best_epoch = 0;
  std::int64_t epochs = 0;  // that ended in this run
  bool stopped_early = false;
  bool interrupted = false;
};

// `session` was opened to train; its plan is where training starts, and may have a history. With
// validation data the best epoch is that of the highest accuracy, the earlier of equals; without,
// the last. Setting `interrupt` ends training after the step it is in; the epoch then does not
// count, unless it is the first. Throws Error if the loss stops being a number.
TrainOutcome train(Session& session, const Dataset& data, const Dataset* valid,
                   const TrainSettings& settings, TrainObserver& observer,
                   const std::atomic<bool>* interrupt = nullptr);

}  // namespace weft
