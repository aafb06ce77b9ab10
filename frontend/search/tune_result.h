// The result of a trial of a search: ranked, shown, and as a line of a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/description/edit_description.h"

namespace weft {

// A trial at one step of its group.
struct TuneResult {
  std::int64_t trial = 0;
  std::string starter;      // whose description it tried; empty: the one that was given
  std::int64_t step = 0;    // 0, 1, 2: the last trains for all the epochs; 3: from three seeds
  std::int64_t epochs = 0;  // allowed
  std::int64_t ended = 0;   // of these, where it stopped early
  std::int64_t best_epoch = 0;
  std::int64_t averaged = 0;  // last epochs whose mean scored; 0: the best epoch did
  // On the validation examples, by the setting `metric`: of the best epoch; the mean over splits
  // and seeds.
  double score = 0;
  double accuracy = 0, macro_f1 = 0, loss = 0;
  Assignments values;   // empty: the description as it stands
  std::string failure;  // of training: why it has no score
};

inline constexpr std::int64_t kTuneSteps = 3;  // before the last, that of several seeds
inline constexpr std::int64_t kTuneSeeds = 3;

// Sets the scores to the mean of those of `results`.
void average_scores(TuneResult&, const std::vector<TuneResult>& results);
// Results of one trial on several splits as one. The best epoch is their mean; the mean of the last
// epochs scored if it did on most splits.
TuneResult mean_of_splits(const std::vector<TuneResult>&);

// True if `a` comes before `b`: results from several seeds before all others, then the score
// decides, even if the training was shorter; then the later step, then the earlier trial. Failures
// come last.
bool is_better(const TuneResult& a, const TuneResult& b);
void rank_results(std::vector<TuneResult>&);

// True if a trial was trained for all epochs.
bool was_trained_fully(const std::vector<TuneResult>&, std::int64_t trial);

// A result as a line of JSON, and back: numbers are exact. Error if it is not one.
std::string to_json(const TuneResult&);
TuneResult parse_tune_result(std::string_view json);

std::string score_text(const TuneResult&);  // `failed` where training did
// `width=200 train.rate=0.01`, behind the starter's name where there is one.
std::string tried_text(const TuneResult&);
// The first rows as a table; a line about each of the failures.
std::string leaderboard(const std::vector<TuneResult>&, std::size_t rows);

}  // namespace weft
