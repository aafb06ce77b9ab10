// `weft inspect`: shows what a plan holds, what its programs cost and how they use memory.
#include "frontend/report/inspect.h"

#include "frontend/cli/command.h"
#include "frontend/format/suggest.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, program;
  bool json = false;
};

int show(const Flags& flags) {
  const Plan plan = load_plan(flags.plan);
  if (!flags.program.empty() && flags.program != "all" && plan.program(flags.program) == nullptr) {
    std::vector<std::string> names{"all"};
    for (const Graph& program : plan.programs) names.push_back(program.name);
    throw Error(fmt::format("the plan has no program `{}`", flags.program),
                suggestion(flags.program, names));
  }
  const Inspection inspection = inspect(plan);
  print_out(flags.json ? to_json(inspection) + "\n" : to_text(inspection, flags.program));
  return 0;
}

}  // namespace

Run declare_inspect(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->plan, "a plan, trained or not")->required();
  app.add_option("--program", flags->program,
                 "also show the nodes, cost and memory of this program: predict, train …; all: of "
                 "each, and the tensors");
  app.add_flag("--json", flags->json, "print one JSON object");
  return [flags] { return show(*flags); };
}

}  // namespace weft
