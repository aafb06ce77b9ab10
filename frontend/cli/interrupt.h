// Ctrl-C, SIGTERM and, unless it is ignored, SIGHUP, for commands that run long.
#pragma once

#include <atomic>

namespace weft {

// From now on the first signal sets the flag, so that the command ends in good order, and one that
// comes a second or more later ends the program at once. Sooner ones are the first one again:
// `timeout` and other supervisors signal a process and then its whole group.
const std::atomic<bool>& watch_interrupts();

// The exit status of a command that a signal ended, as a shell has it: 130, 143 of SIGTERM,
// 129 of SIGHUP.
int interrupted_status();

}  // namespace weft
