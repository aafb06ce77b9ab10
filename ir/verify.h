// Checks that a graph obeys every rule of the IR; runs after each pass and on everything loaded.
#pragma once

#include "ir/graph.h"

namespace weft {

// Throws Error naming the node and the rule: operands defined before use and once, types equal to
// what the op's shape rule infers, attributes known, symbols declared, writes to params or state of
// the same type, storage inside its segment, and no two live values overlapping in the arena (that
// last rule is re-derived here, independently of the planner).
void verify(const Graph&);

}  // namespace weft
