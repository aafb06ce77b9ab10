// `weft crossval`: how good a description is on data it was not trained on, and how sure that is.
#include "frontend/search/crossval.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>

#include "frontend/cli/command.h"
#include "frontend/cli/given_model.h"
#include "frontend/format/message.h"
#include "frontend/report/progress.h"
#include "frontend/report/search_report.h"
#include "ir/file.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

struct Flags : BuildFlags {
  std::string description, folds_by = "class", report;
  std::vector<std::string> data;
  CrossvalSettings settings;
  bool json = false, quiet = false;
};

// A line for each fold in a log; on a terminal one line that is rewritten.
class FoldProgress {
 public:
  FoldProgress(std::size_t folds, bool quiet) : folds_(folds), quiet_(quiet) {}
  ~FoldProgress() {
    if (live_ && !quiet_) print_message(stderr, "\r\x1b[K");
  }
  FoldProgress(const FoldProgress&) = delete;
  FoldProgress& operator=(const FoldProgress&) = delete;

  void ended(const FoldScore& fold) {
    sum_ += fold.accuracy;
    ++done_;
    if (quiet_) return;
    if (!live_) {
      print_message(stderr, "repeat {}  fold {:2}  accuracy {:.4f}  epoch {}\n", fold.repeat + 1,
                    fold.fold + 1, fold.accuracy, fold.epoch);
      return;
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    const double left = seconds * static_cast<double>(folds_ - done_) / static_cast<double>(done_);
    print_message(stderr, "\r\x1b[K{} of {} folds  mean accuracy {:.4f}  {} left", done_, folds_,
                  sum_ / static_cast<double>(done_), duration(left));
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::size_t folds_, done_ = 0;
  bool quiet_, live_ = is_terminal(STDERR_FILENO);
  double sum_ = 0;
  Clock::time_point start_ = Clock::now();
};

int crossval(const Flags& flags) {
  if (std::isnan(flags.settings.valid_fraction)) {
    throw UsageError("--valid-fraction nan is no share", "0.1, say");
  }
  if (!flags.report.empty()) {
    check_output(
        "--report", flags.report,
        {{"MODEL", flags.description}, {"--data", flags.data}, {"--vectors", flags.vectors}});
  }
  const InitialSources initial = flags.initial(/*quiet=*/true);
  FittedStarter model;
  if (!flags.description.empty()) model = {"", {}, read_model(flags.description), initial};
  const Corpus corpus = flags.reading.read(flags.data);
  if (flags.description.empty()) model = starter_for(corpus, initial, flags.quiet);
  Trial trial;
  trial.description = &model.description;
  trial.overrides = Overrides(flags.set);
  trial.options.initial = model.initial;
  trial.options.initial.vectors.store = std::make_shared<VectorsStore>(corpus);
  trial.corpus = &corpus;
  const DescriptionSettings plain = settings_of(*trial.description, trial.overrides);
  warn(text_warnings(corpus, plain));
  warn(label_warnings(corpus, plain));
  CrossvalSettings settings = flags.settings;
  settings.folds_by_row = flags.folds_by == "row";
  Crossval result;
  {
    FoldProgress progress(std::size_t{settings.folds} * settings.repeats, flags.quiet);
    result = cross_validate(trial, settings, [&](const FoldScore& f) { progress.ended(f); });
  }
  warn(result.warnings);
  if (!flags.report.empty()) {
    const std::string name =
        flags.description.empty() ? std::string(model.name) : flags.description;
    write_file(flags.report, crossval_page(result, name, origin_of(listed_files(flags.data))));
  }
  print_out(flags.json ? to_json(result) + "\n" : to_text(result));
  return 0;
}

}  // namespace

Run declare_crossval(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->description,
                 "a model description; without one, the data: a starter is chosen that fits it");
  declare_data(app, "--data", flags->data, "labelled texts");
  app.add_option("--folds", flags->settings.folds, "parts, each tested once")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  app.add_option("--repeats", flags->settings.repeats,
                 "how often all of it is repeated, with other seeds")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--folds-by", flags->folds_by,
                 "class: folds at random, each class spread evenly; row: row number modulo folds")
      ->check(CLI::IsMember({"class", "row"}))
      ->capture_default_str();
  app.add_option("--valid-fraction", flags->settings.valid_fraction,
                 "share of each training part to hold out, to choose the best epoch")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  app.add_option("--threads", flags->settings.threads,
                 "folds at a time; 0: as many as this process has threads")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  app.add_flag("--json", flags->json, "one JSON object");
  app.add_option("--report", flags->report, "also write this HTML file: the folds as pictures");
  app.add_flag("--quiet", flags->quiet, "no progress");
  flags->declare(app);
  return [flags] {
    take_model_for_data(flags->description, flags->data, flags->reading);
    return crossval(*flags);
  };
}

}  // namespace weft
