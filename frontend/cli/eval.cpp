// `weft eval`: measures a plan's accuracy, precision, recall and F1 on labelled data.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "frontend/cli/command.h"
#include "frontend/report/metrics_report.h"
#include "frontend/report/report.h"
#include "frontend/train/evaluate.h"
#include "frontend/train/unread_text.h"
#include "ir/file.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, data, report;
  std::optional<double> threshold;
  int threads = 0;
  bool json = false;
  DataFlags reading;
};

void check_threshold(const Flags& flags, const Plan& plan) {
  if (!flags.threshold || plan.task == Task::multi_label) return;
  throw Error(
      fmt::format("--threshold is for several labels per text; {} gives exactly one", flags.plan),
      "leave the flag out");
}

int eval(const Flags& flags) {
  if (!flags.report.empty()) {
    check_output("--report", flags.report, {{"PLAN", flags.plan}, {"--data", flags.data}});
  }
  Session session = Session::load(flags.plan, {flags.threads});
  check_threshold(flags, session.plan());
  const Corpus corpus = flags.reading.read(flags.data);
  const double threshold = flags.threshold.value_or(session.plan().threshold);
  Metrics metrics;
  const Dataset data = encode(corpus, session.encoder(), session.labels());
  warn(unread_warnings(count_unread(corpus, data, session.plan(), session.encoder()), "text",
                       session.plan().text));
  if (flags.report.empty()) {
    metrics = evaluate(session, data, threshold).metrics;
  } else {
    Report report = make_report(session, corpus, threshold);
    report.title = std::filesystem::path(flags.plan).filename().string();
    report.data = std::filesystem::path(flags.data).filename().string();
    report.plan_bytes = std::filesystem::file_size(flags.plan);
    write_file(flags.report, to_html(report));
    metrics = std::move(report.evaluation.metrics);
  }
  std::vector<std::string> unknown;
  for (const ClassMetrics& one : metrics.classes) {
    if (!one.known) unknown.push_back(one.name);
  }
  warn(unknown_label_warnings(unknown));
  print_out(flags.json ? to_json(metrics) + "\n" : to_text(metrics, wants_colour(STDOUT_FILENO)));
  return 0;
}

}  // namespace

Run declare_eval(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->plan, "a trained plan")->required();
  app.add_option("--data", flags->data, "labelled texts")->required();
  app.add_flag("--json", flags->json, "print one JSON object");
  app.add_option(
      "--report", flags->report,
      "also write this HTML file: curves, confusions, calibration, mistakes and the n-grams "
      "that made them");
  app.add_option(
         "--threshold", flags->threshold,
         "for a plan of several labels per text: the probability from which a label is given")
      ->check(within(0, 1));
  app.add_option("--threads", flags->threads, "threads; 0: all that this process may use")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  flags->reading.declare(app);
  return [flags] { return eval(*flags); };
}

}  // namespace weft
