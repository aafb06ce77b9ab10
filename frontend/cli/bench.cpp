// `weft bench`: how fast a plan predicts and trains on this machine.
#include "frontend/report/bench.h"

#include "frontend/cli/measurement_flags.h"

namespace weft {
namespace {

struct Flags {
  std::string plan;
  std::vector<std::string> data;
  BenchSettings settings;
  bool json = false;
  DataFlags reading;
};

int run_bench(const Flags& flags) {
  const Plan plan = load_plan(flags.plan);
  const Bench result = bench(plan, flags.reading.read(flags.data), flags.settings);
  print_out(flags.json ? to_json(result) : to_text(result));
  return 0;
}

}  // namespace

Run declare_bench(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  declare_measurement(app, flags->plan, flags->data, flags->settings, "measurement");
  app.add_flag(
      "--nodes", flags->settings.nodes,
      "also show the time of each node of the programs, and its share of what this machine can do");
  app.add_flag("--json", flags->json, "print one JSON object");
  flags->reading.declare(app);
  return [flags] { return run_bench(*flags); };
}

}  // namespace weft
