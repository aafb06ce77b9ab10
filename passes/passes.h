// Every pass as a function; passes/passes.def is the list, and says what each is for.
#pragma once

#include "passes/pass.h"

namespace weft {

#define WEFT_PASS(function, name, doc) Graph function(const Graph&, PassContext&);
#include "passes/passes.def"

}  // namespace weft
