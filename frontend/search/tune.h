// Finds good values for a description's constants and settings: random search with successive
// halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
// optimization", AISTATS 2016).
//
// Trials come in groups of nine. All nine train for a fifth of the epochs, the best three for half
// of them, the best one for all. The description as it stands is trial 0 and takes every step.
// A trial whose training fails goes no further. In the end trial 0 and the three best of
// those that were trained for all epochs are trained twice more, from other seeds, and their mean
// scores decide: the best of many that were trained once is often just the luckiest.
//
// Several descriptions may compete. Each as it stands is then a trial of the first group, and the
// later groups try values of those that are still promising: of the description with the best
// result, and of those whose accuracy is less than a standard error below.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "frontend/search/candidate.h"
#include "frontend/search/trial.h"
#include "frontend/search/tune_result.h"

namespace weft {

struct TuneSettings {
  std::int64_t trials = 0;  // values tried; 0: as many as the seconds allow
  // The time limit of the whole search and of the final training on all of the data.
  double seconds = std::numeric_limits<double>::infinity();
  int threads = 0;  // trials side by side; 0: as many as this process may use
};

class TuneObserver {
 public:
  virtual ~TuneObserver() = default;
  virtual void ended(const TuneResult&) = 0;  // one call at a time
};

// The candidates have the same splits and interrupt. `known` are results of an earlier run that was
// cut short: they are not computed again. Returns all results, ranked, and first the one to take:
// see keep_plain(). With a given number of trials they do not depend on the threads. Throws Error
// if an only description cannot be trained as it stands, or if the values of a trial make a
// description with errors.
std::vector<TuneResult> tune(std::span<const Candidate>, const TuneSettings&,
                             const std::vector<TuneResult>& known, TuneObserver&);

}  // namespace weft
