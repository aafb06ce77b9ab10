// `weft passes`: lists the passes and the pipelines.
#include "frontend/cli/command.h"
#include "passes/opt.h"

namespace weft {

Run declare_passes(CLI::App&) {
  return [] {
    print_out(describe_passes());
    return 0;
  };
}

}  // namespace weft
