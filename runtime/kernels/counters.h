// What was made, for tests that hold the runtime to "create at load, not at run".
#pragma once

#include <cstdint>

namespace weft {

std::int64_t onednn_primitives_created();
// Those of them that oneDNN would run with its slow reference code; the tests ask for none.
std::int64_t onednn_reference_primitives_created();

}  // namespace weft
