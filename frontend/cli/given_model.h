// The model of `weft train`, `weft crossval` and `weft tune` where no description is given: the
// data itself, in its place.
#pragma once

#include <string>
#include <vector>

#include "frontend/cli/command.h"
#include "frontend/data/corpus.h"
#include "frontend/description/choose_starter.h"

namespace weft {

// `weft train reviews.tsv -o PLAN`: where `--data` names nothing and `model` is plainly data (a
// folder, the ending of a data format, or content of one that is no description), it moves to
// `data`. Error if there is no data then, or if both name data.
void take_model_for_data(std::string& model, std::vector<std::string>& data,
                         const DataFlags& reading);

// The starter that fits best, or all that fit, to be compared. They say so, and why, unless
// `quiet`.
FittedStarter starter_for(const Corpus&, const InitialSources&, bool quiet);
std::vector<FittedStarter> competing_starters(const Corpus&, const InitialSources&, bool quiet);

}  // namespace weft
