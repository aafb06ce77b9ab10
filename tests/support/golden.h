// Whether this run refreshes the expected texts of tests/models/*.model instead of checking them.
#pragma once

namespace weft {

bool& update_golden();

}  // namespace weft
