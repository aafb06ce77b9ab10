// The line `text` of a description, once its settings have been checked one by one.
#pragma once

#include "frontend/description/settings.h"

namespace weft {

// Error where settings do not go together.
void read_text(DescriptionSettings&, const Attrs& line, SourceLocation location);

}  // namespace weft
