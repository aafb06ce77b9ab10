// A command of the user that says whether a file still fails.
#pragma once

#include <string>

namespace weft {

struct CheckCommand {
  std::string command;  // for the shell; `{}` stands for the file, which else comes last
  std::string says;     // what the output of a failure must hold; empty: anything
  double seconds = 60;  // then it is ended, and the file does not fail
};

// True if the command ends by a status other than 0, or by a signal, and says so. Its output goes
// nowhere else. Error if the shell cannot run it (status 126 or 127).
bool still_fails(const CheckCommand&, const std::string& file);

}  // namespace weft
