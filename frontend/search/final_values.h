// The values of a search's result with which the final model is trained.
#pragma once

#include "frontend/description/edit_description.h"
#include "frontend/search/trial.h"
#include "frontend/search/tune_result.h"

namespace weft {

// The values that train a model as it scored, when no validation data chooses the epoch: those of
// the trial, the number of epochs, and averaging. If the trial was never trained `fully`, the best
// number of epochs is not known, and the description's own holds.
Assignments final_values(const TuneResult&, const Trial&, bool fully = true);

}  // namespace weft
