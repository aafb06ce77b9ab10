// Plans of large models that wait on disk for the end of training, not in memory.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "ir/plan/plan.h"

namespace weft {

// A copy of the plan that outlives what it is made from. Large tensors lie in a file without a
// name in `folder` (empty: the system's folder for temporary files), which goes with the copy; in
// memory if the file cannot be written.
Plan spilled(const Plan&, const std::string& folder);

// Bytes of a spilled plan that have been read: the system may have their memory back.
void page_out(std::span<const std::byte> bytes);

}  // namespace weft
