// Counts of what was made, for tests of the rule "create at load, not at run".
#pragma once

#include <cstdint>

namespace weft {

std::int64_t onednn_primitives_created();
// Primitives that oneDNN would run with its slow reference code; the tests demand that there are
// none.
std::int64_t onednn_reference_primitives_created();

}  // namespace weft
