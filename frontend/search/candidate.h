// The descriptions that compete in a search.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "frontend/data/split.h"
#include "frontend/search/search_space.h"
#include "frontend/search/trial.h"
#include "frontend/search/tune_result.h"

namespace weft {

// A description that is tried, and what of it may vary.
struct Candidate {
  std::string starter;  // its name among several; empty: the only one
  Trial trial;          // the description and the data
  // The rows to train and to choose on. A result is the mean over all of them.
  std::vector<Split> splits;
  std::vector<Parameter> space;
};

// The place of the candidate that a result is of; their number if it is of none.
std::size_t candidate_of(std::span<const Candidate>, const TuneResult&);

// The number of texts to choose on, over all splits.
std::size_t chosen_on(std::span<const Split>);

// The candidates to go on with, the best first: that of the best result, and others whose best is
// less than a standard error of the accuracy below it. Without results the first.
std::vector<std::size_t> promising(std::span<const Candidate>, std::vector<TuneResult>);

// Puts the best candidate as it stands first of ranked results, unless another beats it clearly: by
// more than a standard error of the accuracy on the texts to choose on. The best of many trials is
// in part the luckiest, and those who try many values on few texts find values that are worse.
// Nothing is moved if trials are compared by their loss.
void keep_plain(std::span<const Candidate>, std::vector<TuneResult>& ranked);

}  // namespace weft
