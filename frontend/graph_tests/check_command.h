// A command of the user that says whether a file still fails.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace weft {

struct CheckCommand {
  std::string command;  // for the shell; `{}` stands for the file, which else comes last
  std::string says;     // what the output of a failure must hold; empty: anything
  double seconds = 60;  // then it is ended
  const std::atomic<bool>* interrupt = nullptr;  // ends it once it is true
};

enum class CheckOutcome : std::uint8_t {
  fails,           // ends by a status other than 0, or by a signal, and says what it must
  says_otherwise,  // fails, but does not say what it must
  succeeds,        // status 0
  times_out,
  interrupted,
};

// Runs the command, whose output goes nowhere else and is not kept. Processes that it leaves behind
// are ended, as far as they stay in its process group. Error if the shell cannot run it (status 126
// or 127).
CheckOutcome run_check(const CheckCommand&, const std::string& file);

}  // namespace weft
