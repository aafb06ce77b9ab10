// Arguments of the command line that are wrong in themselves, whatever is in the files they name.
#pragma once

#include "ir/diagnostic.h"

namespace weft {

// The program ends with status 2, as for a flag that is unknown.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace weft
