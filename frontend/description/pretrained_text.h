// Which settings of the line `text` a description may have beside the layer `pretrained`.
#pragma once

#include "frontend/description/arguments.h"
#include "frontend/description/description.h"

namespace weft {

// A pretrained model decides how texts are read, but for how much of them, and for pairs. Error for
// any other setting of the line `text`, or one that an override gives.
void check_pretrained_text(const Description&, const Overrides&);

}  // namespace weft
