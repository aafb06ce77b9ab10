// Finds good values for a description's constants and settings: random search with successive
// halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
// optimization", AISTATS 2016).
//
// Trials come in groups of nine. All nine train for a fifth of the epochs, the best three for half
// of them, the best one for all. The description as it stands is trial 0 and takes every step.
// A trial whose training fails goes no further. In the end trial 0 and the three best of
// those that were trained for all epochs are trained twice more, from other seeds, and their mean
// scores decide: the best of many that were trained once is often just the luckiest.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "frontend/search/search_space.h"
#include "frontend/train/trial.h"

namespace weft {

struct TuneSettings {
  std::int64_t trials = 0;  // values tried; 0: as many as the seconds allow
  double seconds = std::numeric_limits<double>::infinity();  // of the whole search
  int threads = 0;  // trials side by side; 0: as many as this process may use
};

// A trial at one step of its group.
struct TuneResult {
  std::int64_t trial = 0;
  std::int64_t step = 0;    // 0, 1, 2: the last trains for all the epochs; 3: from three seeds
  std::int64_t epochs = 0;  // allowed
  std::int64_t ended = 0;   // of these, where it stopped early
  std::int64_t best_epoch = 0;
  std::int64_t averaged = 0;  // last epochs whose mean scored; 0: the best epoch did
  // Of the best epoch on the validation examples, by the setting `metric`; the mean over seeds.
  double score = 0;
  double accuracy = 0, macro_f1 = 0, loss = 0;
  Assignments values;
  std::string failure;  // of training: why it has no score
};

inline constexpr std::int64_t kTuneSteps = 3;  // before the last, that of several seeds
inline constexpr std::int64_t kTuneSeeds = 3;

// Those trained from several seeds first, then by score: a shorter training that did better is the
// better one. Of equals the one of the later step first, then the earlier trial; failures last.
void rank_results(std::vector<TuneResult>&);

class TuneObserver {
 public:
  virtual ~TuneObserver() = default;
  virtual void ended(const TuneResult&) = 0;  // one call at a time
};

// `trial` has the model, the data and the parts to train and to choose on. `known` are results of
// an earlier run that was cut short: they are not computed again. Returns all results, by merit;
// with a number of trials the same ones whatever the threads. Throws Error where the description as
// it stands cannot be trained, or a trial's values make none that can be built.
std::vector<TuneResult> tune(const Trial& trial, const std::vector<Parameter>& space,
                             const TuneSettings&, const std::vector<TuneResult>& known,
                             TuneObserver&);

// Whether a trial has a result of having been trained for all epochs.
bool was_trained_fully(const std::vector<TuneResult>&, std::int64_t trial);

// What trains a model the way that it scored, where there is nothing to choose an epoch by: the
// trial's values, and settings of how long and of averaging. Where it was never trained `fully`,
// nobody knows how long is best, and it is trained for as long as the description says.
Assignments final_values(const TuneResult&, const Trial&, bool fully = true);

// A result as a line of JSON, and back: numbers are exact. Error if it is not one.
std::string to_json(const TuneResult&);
TuneResult parse_tune_result(std::string_view json);

std::string score_text(const TuneResult&);  // `failed` where training did
// The first rows as a table; a line about each of the failures.
std::string leaderboard(const std::vector<TuneResult>&, std::size_t rows);

}  // namespace weft
