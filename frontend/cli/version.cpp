// `weft version`: prints the version, and what this program was built by and of.
#include <fmt/format.h>

#include "frontend/cli/command.h"
#include "runtime/kernels/instruction_set.h"
#include "runtime/kernels/simd/simd.h"

namespace weft {

std::string version_text() {
  limit_instruction_set();
  return fmt::format("weft " WEFT_VERSION
                     "\n"
                     "compiler      " WEFT_COMPILER ", " WEFT_BUILD_TYPE
                     "\n"
                     "instructions  {}\n"
                     "built with    " WEFT_DEPENDENCIES,
                     simd::target_name());
}

Run declare_version(CLI::App&) {
  return [] {
    print_out(version_text() + "\n");
    return 0;
  };
}

}  // namespace weft
