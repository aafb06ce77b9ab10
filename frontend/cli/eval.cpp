// `weft eval`: measures a plan's accuracy, precision, recall and F1 on labelled data.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "frontend/cli/command.h"
#include "frontend/cli/unchanged_file.h"
#include "frontend/report/metrics_report.h"
#include "frontend/report/probabilities.h"
#include "frontend/report/report.h"
#include "frontend/train/evaluate.h"
#include "frontend/train/top_labels.h"
#include "frontend/train/unread_text.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, report;
  std::vector<std::string> data;
  std::optional<double> threshold;
  std::optional<std::size_t> top;
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

// With very many labels, the areas of the frequent ones only: at most 320 MB are kept for them.
std::vector<std::size_t> labels_with_areas(const Dataset& data, bool multi_label, bool json) {
  constexpr std::size_t kScores = std::size_t{1} << 26U;
  if (!json) return {};
  return frequent_labels(data, multi_label, kScores / std::max<std::size_t>(data.size(), 1));
}

int eval(const Flags& flags) {
  if (!flags.report.empty()) {
    check_output("--report", flags.report, {{"PLAN", flags.plan}, {"--data", flags.data}});
  }
  const UnchangedFile plan(flags.plan);
  Session session = Session::load(flags.plan, {flags.threads});
  check_threshold(flags, session.plan());
  const Corpus corpus = flags.reading.read(flags.data);
  expect_labels_of(session.plan(), corpus);
  const Dataset data = encode(corpus, session.encoder(), session.labels());
  const double threshold = flags.threshold.value_or(session.plan().threshold);
  const bool multi_label = session.plan().task == Task::multi_label;
  warn(unread_warnings(count_unread(corpus, data, session.plan(), session.encoder()), "text",
                       session.plan()));
  Probabilities probabilities(data, multi_label, labels_with_areas(data, multi_label, flags.json));
  std::optional<TopLabels> top;
  if (flags.top) top.emplace(*flags.top);
  const Evaluation evaluation = evaluate(session, data, threshold, nullptr,
                                         [&](std::size_t i, const Predictions& all, std::size_t k) {
                                           probabilities.add(i, all, k);
                                           if (top)
                                             top->add(all.probabilities(k), data.labels_of(i));
                                         });
  plan.check();
  if (!flags.report.empty()) {
    write_report(flags.report, make_report(session, corpus, data, evaluation), flags.plan,
                 listed_files(flags.data));
  }
  std::vector<std::string> unknown;
  for (const ClassMetrics& one : evaluation.metrics.classes) {
    if (!one.known) unknown.push_back(one.name);
  }
  warn(unknown_label_warnings(unknown));
  if (flags.json) {
    print_out(to_json(evaluation, probabilities, top) + "\n");
  } else {
    print_out(to_text(evaluation.metrics, wants_colour(STDOUT_FILENO)));
    if (top) print_out("\n" + to_text(*top));
  }
  return 0;
}

}  // namespace

Run declare_eval(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->plan, "a trained plan")->required();
  declare_data(app, "--data", flags->data, "labelled texts")->required();
  app.add_flag("--json", flags->json, "print one JSON object");
  app.add_option(
      "--report", flags->report,
      "also write this HTML file: curves, confusions, calibration, mistakes and the n-grams "
      "that made them");
  app.add_option(
         "--threshold", flags->threshold,
         "for a plan of several labels per text: the probability from which a label is given")
      ->check(within(0, 1));
  app.add_option("--top", flags->top,
                 "also precision and recall of the K most probable labels of each text")
      ->type_name("K")
      ->check(CLI::Range(1, 1 << 30));
  app.add_option("--threads", flags->threads, "threads; 0: all that this process may use")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  flags->reading.declare(app);
  return [flags] { return eval(*flags); };
}

}  // namespace weft
