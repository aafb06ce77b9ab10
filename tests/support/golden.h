// Whether this run refreshes the expected texts of tests/passes/*.ir instead of checking them.
#pragma once

namespace weft {

bool& update_golden();

}  // namespace weft
