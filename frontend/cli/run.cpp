// `weft run`: runs a program of an IR text on numbers that are given or filled in.
#include <fmt/ranges.h>

#include <charconv>

#include "frontend/cli/command.h"
#include "frontend/format/suggest.h"
#include "frontend/graph_tests/graph_values.h"
#include "frontend/graph_tests/run_graph.h"
#include "ir/parse.h"
#include "ir/verify.h"

namespace weft {
namespace {

struct Flags {
  std::string file, program, inputs;
  std::uint64_t seed = 0;
  std::vector<std::string> sizes;
  bool interpret = false, json = false;
};

// The only program of a text, or that of a name.
Graph chosen_program(const Flags& flags) {
  std::vector<Graph> programs = parse(read_text(flags.file), flags.file);
  std::vector<std::string> names;
  for (Graph& graph : programs) {
    if (graph.name == flags.program || (programs.size() == 1 && flags.program.empty())) {
      return std::move(graph);
    }
    names.push_back(graph.name);
  }
  if (names.empty()) {
    throw Error(fmt::format("{}: there is no program", flags.file),
                "a program is written `program @name { ... }`");
  }
  if (!flags.program.empty()) {
    throw Error(fmt::format("{}: there is no program @{}", flags.file, flags.program),
                suggestion(flags.program, names));
  }
  throw Error(
      fmt::format("{} holds {} programs: {}", flags.file, names.size(), fmt::join(names, ", ")),
      fmt::format("choose one: --program {}", names.front()));
}

// {"T=5"} as {{"T", 5}}.
std::map<std::string, std::int64_t> sizes_of(const std::vector<std::string>& given) {
  std::map<std::string, std::int64_t> sizes;
  for (const std::string& assignment : given) {
    const std::size_t equals = assignment.find('=');
    const char* const end = assignment.data() + assignment.size();
    std::int64_t size = -1;
    const char* read = nullptr;
    if (equals != std::string::npos) {
      read = std::from_chars(assignment.data() + equals + 1, end, size).ptr;
    }
    if (read != end || size < 0) {
      throw UsageError(fmt::format("--size {}: not a symbol and its size", assignment),
                       "write --size T=5");
    }
    if (!sizes.emplace(assignment.substr(0, equals), size).second) {
      throw UsageError(fmt::format("--size gives {} twice", assignment.substr(0, equals)));
    }
  }
  return sizes;
}

int run_program(const Flags& flags, bool random) {
  ValueSources sources{.sizes = sizes_of(flags.sizes)};
  const Graph graph = chosen_program(flags);
  verify(graph);
  if (!flags.inputs.empty()) {
    sources.inputs = read_text(flags.inputs);
    sources.inputs_name = flags.inputs == "-" ? "standard input" : flags.inputs;
    if (sources.inputs.empty()) throw Error(fmt::format("{} is empty", flags.inputs));
  }
  if (random) sources.random = flags.seed;
  const Engine engine = flags.interpret ? Engine::reference : Engine::kernels;
  const Outcome outcome = run_graph(graph, bind_values(graph, sources), engine);
  print_out(flags.json ? outcome_json(outcome) : outcome_text(outcome));
  return 0;
}

}  // namespace

Run declare_run(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("FILE", flags->file, "IR text; - is standard input")->required();
  app.add_option("--program", flags->program, "which program of the text, where it holds several");
  app.add_option("--inputs", flags->inputs,
                 "JSON: nested lists by the names of inputs, params and states");
  const CLI::Option* random =
      app.add_option("--random", flags->seed, "a seed that fills what is not given");
  app.add_option("--size", flags->sizes, "the size of a symbol: T=5")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--interpret", flags->interpret, "by the reference, in double, not by kernels");
  app.add_flag("--json", flags->json, "all numbers, for a program");
  return [flags, random] { return run_program(*flags, random->count() > 0); };
}

}  // namespace weft
