// `weft train`: a description and data become a plan, or a plan learns on.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "frontend/cli/command.h"
#include "frontend/cli/given_model.h"
#include "frontend/cli/interrupt.h"
#include "frontend/data/split.h"
#include "frontend/format/format_number.h"
#include "frontend/format/message.h"
#include "frontend/report/progress.h"
#include "frontend/report/report.h"
#include "frontend/train/build_plan.h"
#include "frontend/train/checkpoint.h"
#include "frontend/train/fit.h"
#include "frontend/train/plan_settings.h"
#include "frontend/train/run_remarks.h"
#include "ir/file.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

struct Flags : BuildFlags {
  std::string input, out;
  std::vector<std::string> data, valid;
  std::string report;
  std::optional<double> valid_fraction;
  std::optional<std::int64_t> epochs, batch, seed, patience, average;
  std::optional<double> learning_rate, warmup, final_rate;
  std::optional<std::string> schedule, metric;
  int threads = 0;
  double checkpoint = 60;
  bool quiet = false, no_rewrites = false, resume = false;
};

std::string checkpoint_of(const Flags& flags) { return flags.out + ".checkpoint"; }

// Without, the run neither writes nor reads a checkpoint, and leaves one that is there alone.
bool has_checkpoint(const Flags& flags) { return flags.checkpoint > 0 || flags.resume; }

// Checked before hours of training, not after.
void check_outputs(const Flags& flags) {
  const InputFile description{"MODEL", flags.input};
  const InputFile data{"--data", flags.data};
  const InputFile valid{"--valid", flags.valid};
  const InputFile vectors{"--vectors", flags.vectors};
  check_plan_output(flags.out, {description, data, valid, vectors});
  InputFile checkpoint{"-o with .checkpoint after it", ""};
  if (has_checkpoint(flags)) {
    checkpoint.paths = {checkpoint_of(flags)};
    check_output("the checkpoint", checkpoint.paths.front(), {description, data, valid, vectors});
    finds_checkpoint(checkpoint.paths.front());  // Error if it is another file
  }
  if (flags.report.empty()) return;
  check_output("--report", flags.report,
               {description, data, valid, vectors, {"-o", flags.out}, checkpoint});
}

// Flags are overrides of the description by another name.
void apply(const Flags& flags, Overrides& overrides) {
  if (flags.epochs) overrides.set("train.epochs", *flags.epochs, "--epochs");
  if (flags.batch) overrides.set("train.batch", *flags.batch, "--batch");
  if (flags.seed) overrides.set("train.seed", *flags.seed, "--seed");
  if (flags.patience) overrides.set("train.patience", *flags.patience, "--patience");
  if (flags.learning_rate) overrides.set("train.rate", *flags.learning_rate, "--rate");
  if (flags.schedule) overrides.set("train.schedule", *flags.schedule, "--schedule");
  if (flags.warmup) overrides.set("train.warmup", *flags.warmup, "--warmup");
  if (flags.final_rate) overrides.set("train.final_rate", *flags.final_rate, "--final-rate");
  if (flags.metric) overrides.set("train.metric", *flags.metric, "--metric");
  if (flags.average) overrides.set("train.average", *flags.average, "--average");
}

// The start of training: a description, or a plan and the description in it.
struct Source {
  std::optional<Plan> plan;
  Description description;
  Overrides overrides;
  double valid_fraction = 0;    // 0: nothing is held out
  std::int64_t split_seed = 0;  // of what is
};

Source open_description(const Flags& flags, Description description) {
  Source source{{}, std::move(description), Overrides(flags.set)};
  source.valid_fraction = flags.valid_fraction.value_or(0);
  apply(flags, source.overrides);
  source.split_seed = settings_of(source.description, source.overrides).seed;
  return source;
}

// The share of the data to hold out: by default that of the plan's earlier training.
double share_of(const Flags& flags, const Plan& plan) {
  const double before = held_out_share(plan);
  if (!flags.valid.empty()) return 0;
  if (!flags.valid_fraction) {
    if (before > 0 && !flags.quiet) {
      print_message(stderr,
                    "--valid-fraction {} of the data is held out again, as {} has not learnt it\n",
                    before, flags.input);
    }
    return before;
  }
  const double asked = *flags.valid_fraction;
  const bool learnt_all =
      before == 0 && !plan.history.empty() && plan.history.back().metrics.empty();
  if (asked > 0 && before > 0 && asked != before) {
    warn(
        "{} was trained with --valid-fraction {}: another share holds out texts that it has learnt",
        flags.input, before);
  } else if (asked > 0 && learnt_all) {
    warn("{} was trained without validation: if on this data, it has learnt what is held out now",
         flags.input);
  }
  return asked;
}

// The seed of the plan's first run stays that of the split: another would validate on what the plan
// has learnt.
Source open_plan(const Flags& flags) {
  flags.refuse_for_plan("use --rate, --epochs, --average … (see --help), or train a description");
  if (flags.no_rewrites) {
    throw Error("--no-rewrites changes how a description is compiled, but this plan is compiled",
                "train the description");
  }
  Source source;
  source.plan = load_plan(flags.input);
  source.description = description_of(*source.plan, flags.input);
  source.overrides = overrides_of(*source.plan);
  source.split_seed = settings_of(source.description, source.overrides).seed;
  source.valid_fraction = share_of(flags, *source.plan);
  set_held_out_share(*source.plan, source.valid_fraction);  // before a checkpoint knows the plan
  if (source.plan->temperature != 1) {
    print_message(stderr,
                  "weft: {} was calibrated; training undoes that: calibrate anew after it\n",
                  flags.input);
  }
  if (source.valid_fraction > 0 && flags.seed && *flags.seed != source.split_seed) {
    print_message(
        stderr,
        "weft: --valid-fraction holds out by {}'s own seed, {}, what it was not trained on; "
        "--seed {} changes the order of the texts only\n",
        flags.input, source.split_seed, *flags.seed);
  }
  apply(flags, source.overrides);
  return source;
}

// The data that training learns from and, where there is any, is validated with.
struct Data {
  Corpus corpus;
  Split split;                  // where a part of `corpus` is held out
  std::optional<Corpus> valid;  // where it is a file of its own

  // Frees the texts; the views stay, of nothing.
  void drop() {
    // Not by assigning: a string that is assigned a short one keeps its memory.
    const Corpus texts(std::move(corpus));
    if (valid) const Corpus valid_texts(std::move(*valid));
  }

  // As fit() takes it, which this must outlive.
  FitData views() const {
    if (valid) return {corpus, CorpusView(*valid)};
    if (split.valid.empty()) return {corpus};
    return {{corpus, split.train}, CorpusView(corpus, split.valid)};
  }
};

// `corpus`: what `--data` names, where that has been read already.
Data read_data(const Flags& flags, const Source& source, std::optional<Corpus> corpus) {
  Data data{corpus ? std::move(*corpus) : flags.reading.read(flags.data), {}, {}};
  if (!flags.valid.empty()) {
    data.valid = flags.reading.read(flags.valid);
  } else if (source.valid_fraction > 0) {
    data.split = stratified_split(data.corpus, source.valid_fraction,
                                  static_cast<std::uint64_t>(source.split_seed));
  }
  return data;
}

// Warns of flags that have no effect because there is no validation data.
void warn_of_validation(const Flags& flags, const FitData& data, const Source& source) {
  if (data.valid) return;
  const DescriptionSettings settings = settings_of(source.description, source.overrides);
  if (source.valid_fraction > 0) {
    print_message(stderr,
                  "weft: --valid-fraction {} of {} is no text, as every label keeps one to learn "
                  "from: training goes without validation\n",
                  source.valid_fraction, data.train.size());
  } else if (flags.metric || settings.patience > 0) {
    print_message(stderr, "weft: {} nothing without validation: give --valid or --valid-fraction\n",
                  settings.patience == 0 ? "a metric chooses" : "patience stops");
  }
}

// Progress, and what else a run says on the standard error output.
class TrainProgress : public Progress {
 public:
  // `done_with_texts` is called when no text is needed any more.
  TrainProgress(bool quiet, std::function<void()> done_with_texts)
      : Progress(quiet ? nullptr : stderr, is_terminal(STDERR_FILENO)),
        quiet_(quiet),
        done_with_texts_(std::move(done_with_texts)) {}

  void encoded() override { done_with_texts_(); }

  void built(const Plan& plan) override {
    if (!quiet_) say_notes(plan);
  }
  void started(const FitStart& start) override {
    if (quiet_) return;
    const auto s = [](auto n) { return n == 1 ? "" : "s"; };
    print_message(
        stderr, "{} text{}, {} label{}, {} word{} known, {} thread{}, {:.0f} MB of memory\n",
        grouped(start.examples), s(start.examples), start.labels, s(start.labels),
        grouped(start.words), s(start.words), start.threads, s(start.threads), start.memory / 1e6);
  }
  void resumed(const FitResumption& at) override {
    if (quiet_) return;
    print_message(stderr, "going on {} texts into epoch {} of {}\n", at.examples, at.epoch,
                  at.epochs);
  }

 private:
  bool quiet_;
  std::function<void()> done_with_texts_;
};

FitOptions fit_options(const Flags& flags) {
  FitOptions options;
  options.compile.rewrites = !flags.no_rewrites;
  options.initial = flags.initial(flags.quiet);
  options.threads = flags.threads;
  std::error_code missing;
  options.checkpoints = {.path = checkpoint_of(flags),
                         .seconds = flags.checkpoint,
                         .resume = flags.resume,
                         .in_place = std::filesystem::equivalent(flags.input, flags.out, missing)};
  options.interrupt = &watch_interrupts();
  return options;
}

FitResult train(Source source, const FitData& data, const FitOptions& options, FitObserver& log) {
  if (source.plan) return fit(std::move(*source.plan), source.overrides, data, options, log);
  return fit(source.description, source.overrides, data, options, log);
}

// Which weights the plan has.
std::string kept(const FitResult& result, bool validated) {
  const std::string why = validated ? "" : "no validation data: ";
  if (result.averaged > 1) {
    return fmt::format("{}kept the mean of the last {} epochs; ", why, result.averaged);
  }
  if (result.averaged == 1) return why + "kept the last epoch; ";
  if (result.epochs == 0) return "";
  if (!validated) return why + "kept the last epoch; ";
  if (result.best_epoch == 0) return "no epoch was better than the plan as given, which is kept; ";
  return fmt::format("kept epoch {}; ", result.best_epoch);
}

void say_end(const Flags& flags, const FitResult& result, bool validated) {
  if (flags.quiet) return;
  std::string how;
  if (result.interrupted) how = "interrupted; ";
  if (result.stopped_early) how = "no better for a while; ";
  how += kept(result, validated);
  if (validated && result.valid && (result.averaged > 0 || result.best_epoch > 0)) {
    how.insert(how.size() - 2, fmt::format(" (validation: {})", short_text(*result.valid)));
  }
  std::error_code device;  // has no size
  const auto bytes = std::filesystem::file_size(flags.out, device);
  const double megabytes = device ? 0 : static_cast<double>(bytes) / 1e6;
  print_message(stderr, "{}wrote {} ({:.1f} MB)\n", how, flags.out, megabytes);
  warn(run_remarks(result));
}

// On what chose the best epoch; where there is no such data, on what was learnt.
void report_on(const Flags& flags, const Plan& plan, const FitData& data,
               const StepHistory& steps) {
  Session session(plan, {flags.threads});
  Report report = make_report(session, data.valid.value_or(data.train), plan.threshold);
  report.steps = steps.points();
  const std::string data_name =
      !flags.valid.empty()
          ? listed_files(flags.valid)
          : fmt::format("{} ({})", listed_files(flags.data),
                        data.valid ? "the part held out" : "the training data itself");
  write_report(flags.report, std::move(report), flags.out, data_name);
}

// Without a description the data, which is then read first, chooses one.
Source open(const Flags& flags, std::optional<Corpus>& corpus) {
  if (flags.input.empty()) {
    corpus = flags.reading.read(flags.data);
    return open_description(
        flags, starter_for(*corpus, flags.initial(flags.quiet), flags.quiet).description);
  }
  if (is_plan(flags.input)) return open_plan(flags);
  return open_description(flags, read_model(flags.input));
}

int train_command(const Flags& flags) {
  check_outputs(flags);
  if (!flags.valid.empty() && flags.valid_fraction.value_or(0) > 0) {
    throw UsageError("--valid and --valid-fraction exclude each other", "give one of them");
  }
  std::optional<Corpus> corpus;
  Source source = open(flags, corpus);
  Data given = read_data(flags, source, std::move(corpus));
  const FitData data = given.views();
  warn_of_validation(flags, data, source);
  const double share = source.valid_fraction;
  const FitOptions options = fit_options(flags);
  TrainProgress progress(flags.quiet, [&] {
    if (flags.report.empty()) given.drop();  // which shows texts
  });
  FitResult result = train(std::move(source), data, options, progress);
  set_held_out_share(result.plan, share);
  if (result.interrupted && result.epochs == 0) {
    print_message(stderr, "weft: interrupted in the first epoch: no plan is written\n");
  } else {
    save_plan(result.plan, flags.out);
    say_end(flags, result, data.valid.has_value());
    if (!flags.report.empty()) report_on(flags, result.plan, data, progress.steps());
  }
  if (!result.interrupted) {
    std::error_code none;
    const std::string checkpoint = checkpoint_of(flags);
    if (has_checkpoint(flags)) std::filesystem::remove(checkpoint, none);
    return 0;
  }
  if (flags.checkpoint > 0) {
    print_message(stderr, "weft: the same command with --resume goes on where this stopped\n");
  }
  return interrupted_status();
}

}  // namespace

Run declare_train(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("MODEL|PLAN|FILE", flags->input,
                 "a model description, or a plan to go on with. Without one a starter is chosen "
                 "that fits the data; a data file may stand here instead of after --data");
  declare_data(app, "--data", flags->data, "labelled texts to learn from");
  app.add_option("-o,--output", flags->out, "the plan to write")->required();
  declare_data(app, "--valid", flags->valid, "labelled texts that choose the best epoch");
  app.add_option("--valid-fraction", flags->valid_fraction,
                 "share of the data to hold out for validation, the same share of every label; "
                 "a plan holds out what it did not learn before, a description nothing")
      ->check(within(0.0, 0.9));
  app.add_option("--epochs", flags->epochs, "passes over the data");
  app.add_option("--batch", flags->batch, "texts per step");
  app.add_option("--rate", flags->learning_rate, "the learning rate");
  app.add_option("--schedule", flags->schedule, "constant, linear, cosine or step");
  app.add_option("--warmup", flags->warmup,
                 "steps in which the learning rate rises; below 1: that share of the run");
  app.add_option("--final-rate", flags->final_rate,
                 "the last learning rate of linear and cosine, as a share of the first");
  app.add_option(
      "--metric", flags->metric,
      "the measure of the best epoch: auto, accuracy, macro_f1, micro_f1 or loss; auto counts rare "
      "labels and, with few texts, the loss");
  app.add_option("--patience", flags->patience,
                 "epochs without a better validation before it stops");
  app.add_option("--average", flags->average,
                 "try the mean weights of so many last epochs; 0: none");
  app.add_option("--seed", flags->seed,
                 "random seed of weights, order, dropout and --valid-fraction");
  app.add_option("--threads", flags->threads, "0: all that this process may use")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  app.add_flag("--resume", flags->resume, "go on with an interrupted run, if there is one");
  app.add_option("--checkpoint", flags->checkpoint,
                 "seconds from one checkpoint, PLAN.checkpoint, to the next; 0: none")
      ->check(within(0.0, 1e9))
      ->capture_default_str();
  app.add_flag("--no-rewrites", flags->no_rewrites,
               "compile layer by layer, without optimizations: slower, for comparison");
  app.add_option("--report", flags->report, "an HTML file to write: see `weft eval --help`");
  app.add_flag("--quiet", flags->quiet, "no progress");
  flags->declare(app);
  return [flags] {
    take_model_for_data(flags->input, flags->data, flags->reading);
    return train_command(*flags);
  };
}

}  // namespace weft
