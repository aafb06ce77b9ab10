// Plans of large models that wait on disk for the end of training, not in memory.
#pragma once

#include <string>

#include "ir/plan/plan.h"

namespace weft {

// A copy of the plan that outlives what it is made from. Large tensors lie in a file without a
// name in `folder` (empty: the system's folder for temporary files), which goes with the copy; in
// memory if the file cannot be written.
Plan spilled(const Plan&, const std::string& folder);

// Of a tensor of a spilled plan that has been read: its memory goes back to the system, until it is
// read again. No other tensor is changed.
void page_out(const PlanTensor& tensor);

}  // namespace weft
