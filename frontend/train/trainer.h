// Trains a plan: epochs of shuffled batches, validation, the best epoch kept, early stopping.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "frontend/description/schedule.h"
#include "frontend/description/settings.h"
#include "frontend/train/checkpoint.h"
#include "frontend/train/dataset.h"
#include "frontend/train/evaluate.h"
#include "frontend/train/observer.h"
#include "ir/diagnostic.h"
#include "ir/plan/plan.h"
#include "runtime/session.h"

namespace weft {

struct TrainSettings {
  std::int64_t epochs = 10;
  std::int64_t batch = 50;
  double learning_rate = 0.001;
  std::uint64_t seed = 1;
  std::int64_t patience = 0;  // epochs in a row without a better validation; 0: never stop early
  LearningRateSchedule schedule = {};
  BestBy metric = BestBy::automatic;
  std::int64_t average = 0;  // last epochs whose mean weights are tried; 0: none
  // Of frozen encoders: kept from epoch to epoch, in so many bytes of memory (-1: as there are) and
  // then on disk. Neither changes what is learnt.
  bool stored_rows = true;
  std::int64_t row_memory = -1;
};

// As a description has them, for so many examples.
TrainSettings train_settings(const DescriptionSettings&, std::size_t examples);
std::string to_string(const TrainSettings&);  // all that decide what is learnt

struct FitResult {
  Plan plan;  // of the best epoch, or the mean of the last ones, with the history of all
  std::optional<Evaluation> valid;  // of that plan, on the validation data
  std::int64_t best_epoch = 0;      // 0: none was better than the start
  std::int64_t epochs = 0;          // that ended in this run
  std::int64_t averaged = 0;        // epochs whose mean the plan is; 0: it is the best epoch's
  bool stopped_early = false;
  bool interrupted = false;
};

// Without validation, after each epoch so many texts of the training data are answered, which tells
// whether there are answers at all.
inline constexpr std::size_t kProbedTexts = 64;

// `session` was opened to train; its plan is where training starts, and may have a history. It is
// spent afterwards: the plan that is returned may have its memory. With
// validation data the best epoch is the first of the highest score, where the start of a plan with
// a history counts as one; without, the last. Setting `interrupt` ends training after the step it
// is in; the epoch then does not count, unless it is the first. With `checkpoints`, the run saves
// itself there from time to time and when interrupted. Throws TrainingFailed if the loss, a weight
// at the end of an epoch or an answer in validation is no number.
FitResult train(Session& session, const Dataset& data, const Dataset* valid,
                const TrainSettings& settings, FitObserver& observer,
                const std::atomic<bool>* interrupt = nullptr,
                const Checkpointing* checkpoints = nullptr);

// Training itself went wrong: at a learning rate that is too high, say, the loss became infinite.
class TrainingFailed : public Error {
 public:
  using Error::Error;
};

}  // namespace weft
