// `weft profile`: where the time of a plan goes, node by node.
#include "frontend/report/profile.h"

#include <filesystem>

#include "frontend/cli/measurement_flags.h"
#include "frontend/report/profile_page.h"
#include "ir/file.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, trace, report;
  std::vector<std::string> data;
  ProfileSettings settings;
  DataFlags reading;
};

int run_profile(const Flags& flags) {
  if (!flags.trace.empty()) {
    check_output("--trace", flags.trace, {{"PLAN", flags.plan}, {"--data", flags.data}});
    check_replaceable("--trace", flags.trace, "{", "JSON");
  }
  if (!flags.report.empty()) {
    check_output("--report", flags.report,
                 {{"PLAN", flags.plan}, {"--data", flags.data}, {"--trace", {flags.trace}}});
  }
  const Plan plan = load_plan(flags.plan);
  const Profile result = profile(plan, flags.reading.read(flags.data), flags.settings);
  if (!flags.trace.empty()) write_file(flags.trace, trace_json(result));
  if (!flags.report.empty()) {
    const std::string title = std::filesystem::path(flags.plan).filename().string();
    write_file(flags.report, profile_page(result, title, origin_of(listed_files(flags.data))));
  }
  print_out(to_text(result));
  return 0;
}

}  // namespace

Run declare_profile(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  declare_measurement(app, flags->plan, flags->data, flags->settings, "program");
  app.add_flag("--train", flags->settings.train, "profile the training step too");
  app.add_option("--trace", flags->trace,
                 "write the first runs as a trace, JSON that Perfetto (ui.perfetto.dev) and "
                 "chrome://tracing open");
  app.add_option("--report", flags->report, "also write this HTML file: the times as bars");
  flags->reading.declare(app);
  app.footer(
      "`% of limit` compares a node with what this machine can do at most, measured at the start:\n"
      "arithmetic (GF/s) or, where moving its bytes takes longer, memory (GB/s). Bytes that are\n"
      "read again may come from a nearer cache: then it passes 100 %.");
  return [flags] { return run_profile(*flags); };
}

}  // namespace weft
