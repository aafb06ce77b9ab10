// `weft version`: prints the version.
#include <fmt/format.h>

#include "frontend/cli/command.h"

namespace weft {

Run declare_version(CLI::App&) {
  return [] {
    print_out("weft " WEFT_VERSION "\n");
    return 0;
  };
}

}  // namespace weft
