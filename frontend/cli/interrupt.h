// Ctrl-C and SIGTERM, for commands that run long.
#pragma once

#include <atomic>

namespace weft {

// From now on the first signal sets the flag, so that the command ends in good order, and the
// second ends the program at once.
const std::atomic<bool>& watch_interrupts();

}  // namespace weft
