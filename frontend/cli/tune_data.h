// The data of a search, and its splits into texts to learn from and texts to compare trials by.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "frontend/cli/tuned_description.h"
#include "frontend/data/corpus.h"
#include "frontend/data/split.h"

namespace weft {

// The data to compare trials on, and the data that the best is trained on at the end.
struct TuneData {
  Corpus given;
  std::optional<Corpus> both;  // given, then what to compare by, where that is a file of its own
  std::vector<Split> splits;   // of `corpus`

  const Corpus& corpus() const { return both ? *both : given; }
};

// `given`: what `--data` names, where that has been read already.
TuneData read_tune_data(const TuneFlags& flags, std::uint64_t seed, std::optional<Corpus> given);

}  // namespace weft
