// `weft inspect`: shows what a plan holds, what its programs cost and how they use memory.
#include "frontend/report/inspect.h"

#include "frontend/cli/command.h"

namespace weft {
namespace {

struct Flags {
  std::string plan;
  bool json = false;
};

int show(const Flags& flags) {
  const Plan plan = load_plan(flags.plan);
  const Inspection inspection = inspect(plan);
  print_out(flags.json ? to_json(inspection) + "\n" : to_text(inspection));
  return 0;
}

}  // namespace

Run declare_inspect(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->plan, "a plan, trained or not")->required();
  app.add_flag("--json", flags->json, "print one JSON object");
  return [flags] { return show(*flags); };
}

}  // namespace weft
