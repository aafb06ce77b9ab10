// Random programs that draw from every op of the registry: what all passes are tested on.
#pragma once

#include <cstdint>

#include "tests/support/random_graph.h"

namespace weft {

// The classifier of random_program, and behind it some nodes of any op: the programs of
// gradient_samples() and kernel_cases(), whose operands are values that are there already, more
// often than new ones, so that values have several readers; and products with a gate, p * f(q).
// What can be differentiated also adds to the loss. Results %loss, %logits, %probabilities, then
// those of the nodes.
RandomProgram any_op_program(std::uint64_t seed);

}  // namespace weft
