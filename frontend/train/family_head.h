// Whether what a plan computes after its encoder is what the published family computes there.
#pragma once

#include <string>

#include "frontend/pretrained/config.h"
#include "ir/plan/plan.h"

namespace weft {

// The model description of a published model with its family's usual head, which says how it may be
// trained further. `pair`: it reads pairs of texts.
std::string describe_pretrained(const PretrainedConfig&, bool pair = false);

// The layers of that head: `first | pooler | dropout(0.1) | linear(labels, …)`.
std::string describe_head(const PretrainedConfig&);

// True if the plan predicts by the graph of its family's classifier with the plan's labels: the
// same ops, in the same order, of the same published weights and shapes. Dropout does not count.
bool has_family_head(const Plan&, const PretrainedConfig&);

}  // namespace weft
