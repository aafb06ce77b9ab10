// `weft reduce`: shrinks a graph that fails to the smallest that still does.
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "frontend/cli/command.h"
#include "frontend/cli/interrupt.h"
#include "frontend/format/message.h"
#include "frontend/graph_tests/check_command.h"
#include "frontend/graph_tests/reduce.h"
#include "frontend/graph_tests/run_graph.h"
#include "frontend/graph_tests/test_file.h"
#include "ir/file.h"
#include "ir/print.h"
#include "ir/verify.h"

namespace weft {
namespace {

struct Flags {
  std::string file, out;
  CheckCommand check;
};

// A folder for candidates, which goes with this.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    std::string name =
        (std::filesystem::temp_directory_path(error) / "weft-reduce.XXXXXX").string();
    if (!error && ::mkdtemp(name.data()) == nullptr) error = {errno, std::generic_category()};
    if (error) {
      throw Error(fmt::format("cannot make a folder for candidates: {}", error.message()),
                  "set TMPDIR to a folder that can be written to");
    }
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code none;
    std::filesystem::remove_all(path_, none);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const std::string& name) const {
    if (!std::filesystem::is_directory(path_)) {
      throw Error(fmt::format("{} is gone, which held the graph for the command", path_.string()),
                  "--check CMD must leave the folder of its file in place");
    }
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

std::string text_of(const std::vector<Graph>& programs) {
  std::string text;
  for (const Graph& program : programs) text += (text.empty() ? "" : "\n") + print(program);
  return text;
}

std::vector<Graph> read_programs(const Flags& flags) {
  std::vector<Graph> programs = parse_programs(read_text(flags.file), flags.file);
  for (const Graph& program : programs) {
    verify(program);
    if (!is_planned(program)) continue;
    throw Error(fmt::format("{}: program @{} has a memory plan, which no smaller graph would have",
                            flags.file, program.name),
                "reduce the graph that it was made from");
  }
  return programs;
}

[[noreturn]] void refuse(const Flags& flags, CheckOutcome outcome) {
  std::string why = "ends by status 0";
  if (outcome == CheckOutcome::says_otherwise) {
    why = fmt::format("fails, but does not say `{}`", flags.check.says);
  } else if (outcome == CheckOutcome::times_out) {
    why = fmt::format("takes longer than --timeout {} s", flags.check.seconds);
  }
  throw Error(fmt::format("{} does not fail: the command {}", flags.file, why),
              "--check CMD must fail on the file as it is; `{}` in it stands for the path");
}

int run_reduce(Flags flags) {
  if (!flags.out.empty()) check_output("-o", flags.out, {{"FILE", flags.file}});
  const std::vector<Graph> programs = read_programs(flags);
  const std::atomic<bool>& interrupted = watch_interrupts();
  flags.check.interrupt = &interrupted;
  const TemporaryFolder folder;
  const auto outcome_of = [&](const std::vector<Graph>& some) {
    const std::string candidate = folder.file("candidate.ir");
    write_file(candidate, text_of(some));
    return run_check(flags.check, candidate);
  };
  const CheckOutcome first = outcome_of(programs);
  if (interrupted) {
    warn("interrupted before the first check ended: nothing is written");
    return interrupted_status();
  }
  if (first != CheckOutcome::fails) refuse(flags, first);
  const auto fails = [&](const std::vector<Graph>& some) {
    return outcome_of(some) == CheckOutcome::fails;
  };
  const bool live = is_terminal(STDERR_FILENO);
  std::size_t tried = 0;
  const std::vector<Graph> smallest = reduce_programs(programs, fails, [&](const ReduceStep& step) {
    tried = step.tried;
    if (live) print_message(stderr, "\r\x1b[K{} graphs tried, {} nodes", tried, step.nodes);
    return !interrupted;
  });
  std::size_t before = 0, after = 0;
  for (const Graph& program : programs) before += program.nodes.size();
  for (const Graph& program : smallest) after += program.nodes.size();
  print_message(stderr, "{}{} of {} left, after {} {}\n", live ? "\r\x1b[K" : "",
                after == 1 ? "1 node" : fmt::format("{} nodes", after),
                fmt::format("{} {}", before, after == 1 ? "is" : "are"), tried,
                tried == 1 ? "try" : "tries");
  if (flags.out.empty()) {
    print_out(text_of(smallest));
  } else {
    write_file(flags.out, text_of(smallest));
  }
  return interrupted ? interrupted_status() : 0;
}

}  // namespace

Run declare_reduce(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("FILE", flags->file, "IR text that fails")->required();
  app.add_option("--check", flags->check.command,
                 "a command of the shell that fails (any status but 0) on such a file; {} in it is "
                 "the path, which else comes last")
      ->required();
  app.add_option("--says", flags->check.says,
                 "what the command must print too, so that another failure does not count");
  app.add_option("--timeout", flags->check.seconds,
                 "seconds; a graph that takes longer does not count as failing")
      ->capture_default_str()
      ->check(within(0.001, 1e6));
  app.add_option("-o,--output", flags->out, "the file to write; standard output by default");
  app.footer(
      "  weft reduce big.ir --check 'weft check {}' --says 'pass `cse`' -o small.ir\n"
      "Results, nodes, operands, attributes and extents go as long as the command fails. The\n"
      "first interruption ends the search: the smallest graph so far is written.");
  return [flags] { return run_reduce(*flags); };
}

}  // namespace weft
