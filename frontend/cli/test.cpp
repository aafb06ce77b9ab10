// `weft test`: text tests of graphs, passes and kernels.
#include <unistd.h>

#include <algorithm>

#include "frontend/cli/command.h"
#include "frontend/graph_tests/run_tests.h"
#include "ir/file.h"

namespace weft {
namespace {

struct Flags {
  std::vector<std::string> paths;
  std::string junit;
  TestOptions options;
};

int run_tests(Flags& flags) {
  const std::vector<std::string> files = test_files(flags.paths);
  if (!flags.junit.empty()) check_output("--junit", flags.junit, {{"FILE", files}});
  // A build server wants none in its XML.
  flags.options.colour = flags.junit.empty() && wants_colour(STDOUT_FILENO);
  std::vector<TestResult> results;
  for (const std::string& file : files) {
    for (TestResult& result : run_test_file(file, flags.options)) {
      if (!result.failure.empty()) {
        print_out(fmt::format("FAILED {}\n{}\n\n", result.name, result.failure));
      }
      results.push_back(std::move(result));
    }
  }
  if (results.empty()) {
    throw UsageError(fmt::format("no test's name holds `{}`", flags.options.filter));
  }
  if (!flags.junit.empty()) write_file(flags.junit, junit_xml(results));
  const auto passed = std::ranges::count(results, std::string(), &TestResult::failure);
  const auto failed = static_cast<std::int64_t>(results.size()) - passed;
  print_out(fmt::format("{} passed, {} failed\n", passed, failed));
  return failed == 0 ? 0 : 1;
}

}  // namespace

Run declare_test(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("FILE", flags->paths, "a test, or a folder: all *.ir in it and below")
      ->required()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--update", flags->options.update,
               "write what the tests find over what they expect");
  app.add_option("--filter", flags->options.filter, "run the tests whose name holds this");
  app.add_option("--junit", flags->junit, "write the results as XML for a build server");
  app.footer(
      "A test is a graph between what is done with it and what is expected:\n"
      "  // passes: cse,dce                 or: // compile: predict, // expect-error: 3:5 text\n"
      "  program @p { ... }\n"
      "  // ---- expected\n"
      "  the text that `weft opt` prints\n"
      "  // ---- values\n"
      "  {\"random\": 1, \"inputs\": {\"x\": [1, 2]}, \"results\": {\"y\": [3]}, \"tolerance\": "
      "1e-5}\n"
      "Values are checked by the reference and by kernels, before the passes and after them.");
  return [flags] { return run_tests(*flags); };
}

}  // namespace weft
