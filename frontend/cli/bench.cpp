// `weft bench`: how fast a plan predicts and trains on this machine.
#include "frontend/report/bench.h"

#include "frontend/cli/command.h"

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
  app.add_option("PLAN", flags->plan, "a plan")->required();
  declare_data(app, "--data", flags->data, "labelled texts to measure on")->required();
  app.add_option("--batch", flags->settings.batch, "texts in a request")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20));
  app.add_option("--threads", flags->settings.threads,
                 "threads of a request; 0: all that this process may use")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  app.add_option("--seconds", flags->settings.seconds, "time of each measurement")
      ->capture_default_str()
      ->check(within(0.001, 3600.0));
  app.add_flag(
      "--nodes", flags->settings.nodes,
      "also show the time of each node of the programs, and its share of what this machine can do");
  app.add_flag("--json", flags->json, "print one JSON object");
  flags->reading.declare(app);
  return [flags] { return run_bench(*flags); };
}

}  // namespace weft
