// The explanation of a text that is read by several windows, from those of its windows.
#pragma once

#include <span>

#include "frontend/report/explain.h"
#include "runtime/text/windows.h"

namespace weft {

// The logit is the mean of the windows' logits, and so is each contribution; those of an n-gram
// that stands in two windows are added. The words are the text's tokens, without special ones.
Explanation mean_of_windows(std::span<const Explanation> windows, const Windows& layout);

}  // namespace weft
