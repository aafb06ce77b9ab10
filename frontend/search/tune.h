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
#include "frontend/search/trial.h"

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
  // On the validation examples, by the setting `metric`: of the best epoch; the mean over seeds.
  double score = 0;
  double accuracy = 0, macro_f1 = 0, loss = 0;
  Assignments values;
  std::string failure;  // of training: why it has no score
};

inline constexpr std::int64_t kTuneSteps = 3;  // before the last, that of several seeds
inline constexpr std::int64_t kTuneSeeds = 3;

// The best first. Results from several seeds come before all others, then the score decides, even
// if the training was shorter; then the later step, then the earlier trial. Failures come last.
void rank_results(std::vector<TuneResult>&);

class TuneObserver {
 public:
  virtual ~TuneObserver() = default;
  virtual void ended(const TuneResult&) = 0;  // one call at a time
};

// `trial` has the description, the data, and the rows to train and to choose on. `known` are
// results of an earlier run that was cut short: they are not computed again. Returns all results,
// ranked; with a given number of trials they do not depend on the threads. Throws Error if the
// description cannot be trained as it stands, or if the values of a trial make a description with
// errors.
std::vector<TuneResult> tune(const Trial& trial, const std::vector<Parameter>& space,
                             const TuneSettings&, const std::vector<TuneResult>& known,
                             TuneObserver&);

// True if a trial was trained for all epochs.
bool was_trained_fully(const std::vector<TuneResult>&, std::int64_t trial);

// The values that train a model as it scored, when no validation data chooses the epoch: those of
// the trial, the number of epochs, and averaging. If the trial was never trained `fully`, the best
// number of epochs is not known, and the description's own holds.
Assignments final_values(const TuneResult&, const Trial&, bool fully = true);

// A result as a line of JSON, and back: numbers are exact. Error if it is not one.
std::string to_json(const TuneResult&);
TuneResult parse_tune_result(std::string_view json);

std::string score_text(const TuneResult&);  // `failed` where training did
// The first rows as a table; a line about each of the failures.
std::string leaderboard(const std::vector<TuneResult>&, std::size_t rows);

}  // namespace weft
