// The temperature of a calibrated plan: the number that divides its logits before they become
// probabilities.
#pragma once

#include <span>

#include "ir/plan/plan.h"

namespace weft {

// The probability of each label, to `p`, from a text's logits: one per label, or a single one that
// tells two labels apart.
void apply_temperature(std::span<const float> logits, double temperature, Task task,
                       std::span<float> p);

// Gives the plan a temperature. A multi-label plan's threshold goes along, so that it gives each
// text the same labels as before.
void set_temperature(Plan&, double temperature);

}  // namespace weft
