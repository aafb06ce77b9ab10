// The events of a training run. An observer may ignore any of them: FitObserver itself ignores all
// of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "frontend/train/evaluate.h"
#include "ir/plan/plan.h"

namespace weft {

// The sizes of a run.
struct FitStart {
  std::size_t examples = 0, labels = 0, words = 0;  // words: of the vocabulary
  int threads = 0;
  double memory = 0;  // bytes that the process takes at most, by reckoning
};

// The position from which an interrupted run goes on.
struct FitResumption {
  std::int64_t examples = 0;           // of the epoch under way, done before
  std::int64_t epoch = 0, epochs = 0;  // of this run, from 1; of how many
};

struct EpochReport {
  std::int64_t epoch = 0;    // of the plan's whole history, from 1
  std::int64_t step = 0;     // likewise
  double learning_rate = 0;  // of the last step
  double train_loss = 0;     // mean over the epoch's batches, by examples
  std::optional<Evaluation> valid;
  bool best = false;
};

// Called from the thread that trains, in this order.
class FitObserver {
 public:
  virtual ~FitObserver() = default;
  virtual void built(const Plan&) {}  // from a description; not trained yet
  virtual void encoded() {}           // fit() reads no text any more: a corpus may be emptied
  virtual void started(const FitStart&) {}
  virtual void resumed(const FitResumption&) {}
  virtual void began(std::int64_t /*epochs*/, std::size_t /*examples*/) {}  // epochs left
  virtual void start_evaluated(const Evaluation&) {}  // of a plan with a history
  virtual void stepped(std::int64_t /*epoch*/, std::size_t /*done*/, double /*mean_loss*/) {}
  // Of one step: its number in the plan's whole history, from 1, and the loss of its batch.
  virtual void step_ended(std::int64_t /*step*/, double /*loss*/, double /*learning_rate*/) {}
  virtual void epoch_ended(const EpochReport&) {}
  virtual void warned(const std::string& /*message*/) {}  // at any time
};

}  // namespace weft
