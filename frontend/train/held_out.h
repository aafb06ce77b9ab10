// The share of the data that a plan was never trained on, kept in its settings: who goes on
// training it validates on the same texts again.
#pragma once

#include "ir/plan/plan.h"

namespace weft {

double held_out_share(const Plan&);  // 0: none, or it is not known
void set_held_out_share(Plan&, double share);

}  // namespace weft
