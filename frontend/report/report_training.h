// The section of a report about training.
#pragma once

#include <string>

#include "frontend/report/report.h"

namespace weft {

// Loss and scores by epoch, with the epochs that were kept; loss and learning rate by step where
// the report is of the run itself. Empty for a plan without a history.
std::string training_section(const Report&);

}  // namespace weft
