// `weft report`: compares two plans on the same labelled texts.
#include <fmt/format.h>

#include <filesystem>

#include "frontend/cli/command.h"
#include "frontend/report/plan_comparison.h"
#include "ir/file.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

struct Flags {
  std::string first, second, page;
  std::vector<std::string> data;
  std::size_t show = 10;
  int threads = 0;
  bool json = false;
  DataFlags reading;
};

// The files' names, or the paths if these are the same.
std::array<std::string, 2> names(const Flags& flags) {
  const auto name = [](const std::string& path) {
    return std::filesystem::path(path).filename().string();
  };
  if (name(flags.first) == name(flags.second)) return {flags.first, flags.second};
  return {name(flags.first), name(flags.second)};
}

int report(const Flags& flags) {
  if (!flags.page.empty()) {
    check_output("--html", flags.page,
                 {{"PLAN", flags.first}, {"PLAN2", flags.second}, {"--data", flags.data}});
  }
  Session first = Session::load(flags.first, {flags.threads});
  Session second = Session::load(flags.second, {flags.threads});
  const Corpus corpus = flags.reading.read(flags.data);
  PlanComparison comparison = compare_plans(first, second, corpus);
  comparison.plans = names(flags);
  if (!flags.page.empty()) {
    write_file(flags.page, comparison_page(comparison, origin_of(listed_files(flags.data))));
  }
  print_out(flags.json ? to_json(comparison) + "\n" : to_text(comparison, flags.show));
  return 0;
}

}  // namespace

Run declare_report(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->first, "a trained plan")->required();
  app.add_option("PLAN2", flags->second, "another, to compare with it")->required();
  declare_data(app, "--data", flags->data, "labelled texts")->required();
  app.add_option("--html", flags->page, "also write this HTML file: a page with all of it");
  app.add_option("--show", flags->show, "print so many of the texts whose answers differ")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  app.add_flag("--json", flags->json, "print one JSON object, with all of these texts");
  app.add_option("--threads", flags->threads, "threads; 0: all that this process may use")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  flags->reading.declare(app);
  return [flags] { return report(*flags); };
}

}  // namespace weft
