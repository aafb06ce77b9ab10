// `weft opt`: runs passes over IR text, to study and debug the compiler.
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
  app.add_option("--passes", flags->passes, "names of passes or pipelines, separated by commas")
      ->required();
  app.add_option("--print-after", flags->options.print_after,
                 "print the graph on standard error after this pass, or after each: all");
  app.add_option("--skip", flags->options.skip, "leave this pass out")
      ->delimiter(',')
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--time", flags->options.time, "print how long each pass took, on standard error");
  return [flags] {
    flags->options.log = &std::cerr;
    print_out(optimize_text(read_text(flags->file), flags->file, flags->passes, flags->options));
    return 0;
  };
}

}  // namespace weft
