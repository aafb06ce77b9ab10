// One description trained and measured: what cross-validation and tuning do again and again.
#pragma once

#include <cstdint>
#include <vector>

#include "frontend/train/fit.h"

namespace weft {

struct Trial {
  const Description* description = nullptr;
  Overrides overrides;
  const Corpus* corpus = nullptr;
  std::vector<std::uint32_t> train_rows;
  std::vector<std::uint32_t> valid_rows;  // none: no epoch is chosen, the last is kept
  // One thread, so that trials that run in parallel do not disturb one another; the data is the
  // same for all of them, and is checked before them.
  FitOptions options = {.threads = 1, .check_data = false};
};

inline FitResult fit(const Trial& trial, FitObserver& observer) {
  FitData data{{*trial.corpus, trial.train_rows}};
  if (!trial.valid_rows.empty()) data.valid = CorpusView(*trial.corpus, trial.valid_rows);
  return fit(*trial.description, trial.overrides, data, trial.options, observer);
}

}  // namespace weft
