// `weft opt`: passes over IR text, for reading and mending the compiler.
#include <iostream>

#include "frontend/cli/command.h"
#include "passes/opt.h"

namespace weft {
namespace {

struct Flags {
  std::string file;
  std::string passes;
  PipelineOptions options;
};

}  // namespace

Run declare_opt(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("FILE", flags->file, "IR text; - is standard input")->required();
  app.add_option("--passes", flags->passes, "passes or pipelines, with commas between")->required();
  app.add_option("--print-after", flags->options.print_after,
                 "print the graph after this pass, or after all, on standard error");
  app.add_option("--skip", flags->options.skip, "leave a pass out")
      ->delimiter(',')
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--time", flags->options.time, "say how long each pass took, on standard error");
  return [flags] {
    flags->options.log = &std::cerr;
    print_out(optimize_text(read_text(flags->file), flags->file, flags->passes, flags->options));
    return 0;
  };
}

}  // namespace weft
