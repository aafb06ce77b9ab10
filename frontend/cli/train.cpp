// `weft train`: a description and data become a plan, or a plan learns on.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "frontend/cli/command.h"
#include "frontend/data/split.h"
#include "frontend/report/progress.h"
#include "frontend/report/report.h"
#include "frontend/train/build_plan.h"
#include "frontend/train/calibrate.h"
#include "frontend/train/checkpoint.h"
#include "frontend/train/trainer.h"
#include "ir/file.h"
#include "ir/op.h"

namespace weft {
namespace {

struct Flags {
  std::string input, data, valid, out, vectors;
  std::string report;
  double valid_fraction = 0;
  std::optional<std::int64_t> epochs, batch, seed, patience, average;
  std::optional<double> learning_rate, warmup, final_rate;
  std::optional<std::string> schedule, metric;
  std::vector<std::string> set;
  int threads = 0;
  double checkpoint = 60;
  bool quiet = false, no_rewrites = false, resume = false;
  DataFlags reading;
};

std::atomic<bool> interrupted{false};

// The first Ctrl-C ends training in good order, the second at once.
void on_signal(int signal) {
  interrupted = true;
  std::signal(signal, SIG_DFL);
}

// Found out before hours of training rather than after.
void check_outputs(const Flags& flags) {
  const InputFile description{"MODEL", flags.input};
  const InputFile data{"--data", flags.data};
  const InputFile valid{"--valid", flags.valid};
  const InputFile vectors{"--vectors", flags.vectors};
  check_plan_output(flags.out, {description, data, valid, vectors});
  if (flags.report.empty()) return;
  check_output("--report", flags.report, {description, data, valid, vectors, {"-o", flags.out}});
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

// What training starts from: a description, or a plan and the description in it.
struct Source {
  std::optional<Plan> plan;
  Description description;
  Overrides overrides;
  std::int64_t split_seed = 0;  // of --valid-fraction
};

Source open_description(const Flags& flags) {
  Source source{{}, read_description(flags.input), Overrides(flags.set)};
  apply(flags, source.overrides);
  source.split_seed = settings_of(source.description, source.overrides).seed;
  return source;
}

// The seed of the plan's first run stays that of the split: another would validate on what the plan
// has learnt.
Source open_plan(const Flags& flags) {
  if (!flags.set.empty()) {
    throw Error("--set changes a description, but this plan is compiled already",
                "use --rate, --epochs, --average … (see --help), or train a description");
  }
  if (!flags.vectors.empty()) refuse_vectors();
  if (flags.no_rewrites) {
    throw Error("--no-rewrites changes how a description is compiled, but this plan is compiled",
                "train the description");
  }
  Source source;
  source.plan = load_plan(flags.input);
  source.description = parse_description(source.plan->description, flags.input);
  source.overrides = overrides_of(*source.plan);
  source.split_seed = settings_of(source.description, source.overrides).seed;
  if (source.plan->temperature != 1) {
    set_temperature(*source.plan, 1);
    fmt::print(stderr, "weft: {} was calibrated; training undoes that: calibrate anew after it\n",
               flags.input);
  }
  if (flags.valid_fraction > 0 && flags.seed && *flags.seed != source.split_seed) {
    fmt::print(stderr,
               "weft: --valid-fraction holds out by {}'s own seed, {}, what it was not trained on; "
               "--seed {} changes the order of the texts only\n",
               flags.input, source.split_seed, *flags.seed);
  }
  apply(flags, source.overrides);
  return source;
}

Plan start_plan(const Flags& flags, Source& source, const Corpus& corpus,
                std::span<const std::uint32_t> rows) {
  if (source.plan) return std::move(*source.plan);
  CompileOptions options;
  options.rewrites = !flags.no_rewrites;
  Plan plan = build_plan(source.description, source.overrides, corpus, rows, options,
                         vectors_options(flags.vectors, flags.quiet));
  if (!flags.quiet) say_notes(plan);
  return plan;
}

// The data that training learns from and, where there is any, is validated with.
struct Data {
  Corpus corpus;
  Split split;                  // where a part of `corpus` is held out
  std::optional<Corpus> valid;  // where it is a file of its own

  std::vector<std::uint32_t> train_rows() const {
    return split.train.empty() ? all_rows(corpus) : split.train;
  }
};

Data read_data(const Flags& flags, std::int64_t split_seed) {
  Data data{flags.reading.read(flags.data), {}, {}};
  if (!flags.valid.empty()) {
    data.valid = flags.reading.read(flags.valid);
  } else if (flags.valid_fraction > 0) {
    data.split =
        stratified_split(data.corpus, flags.valid_fraction, static_cast<std::uint64_t>(split_seed));
  }
  return data;
}

void warn_of(const Flags& flags, const Data& data, const DescriptionSettings& settings) {
  const std::vector<std::uint32_t> rows = data.train_rows();
  const Part train{data.corpus, rows};
  warn(label_warnings(train, settings));
  warn(text_warnings(train, settings));
  if (data.valid) {
    warn(split_warnings(train, {*data.valid, all_rows(*data.valid)}));
  } else if (!data.split.valid.empty()) {
    warn(split_warnings(train, {data.corpus, data.split.valid}));
  } else if (flags.valid_fraction > 0) {
    fmt::print(stderr,
               "weft: --valid-fraction {} of {} is no text, as every label keeps one to learn "
               "from: training goes without validation\n",
               flags.valid_fraction, rows.size());
  } else if (flags.metric || settings.patience > 0) {
    fmt::print(stderr, "weft: {} nothing without validation: give --valid or --valid-fraction\n",
               settings.patience == 0 ? "a metric chooses" : "patience stops");
  }
}

// The session and the state in which an earlier run was cut short.
void go_on(const Flags& flags, Checkpointing& checkpoints, Session& session,
           const TrainSettings& settings) {
  auto found = load_checkpoint(checkpoints.path, static_cast<std::size_t>(settings.average));
  if (!found) {
    fmt::print(stderr, "weft: there is no {}: training starts anew\n", checkpoints.path);
    return;
  }
  expect_same_run(*found, checkpoints.fingerprint, session.plan(), checkpoints.path);
  if (found->threads != session.threads()) {
    fmt::print(stderr, "weft: that run had {} threads, this one has {}: the last bits may differ\n",
               found->threads, session.threads());
  }
  if (!flags.quiet) {
    fmt::print(stderr, "going on {} texts into epoch {} of {}\n", found->state.seen,
               std::min(found->state.ended + 1, settings.epochs), settings.epochs);
  }
  session = Session(std::move(found->now), {session.threads(), /*train=*/true});
  checkpoints.from = std::move(found->state);
}

// Where the run saves itself; with --resume `session` and `from` are those of the earlier run.
Checkpointing checkpointing(const Flags& flags, Session& session, const Dataset& data,
                            const Dataset* valid, const TrainSettings& settings) {
  std::error_code missing;
  const bool in_place = std::filesystem::equivalent(flags.input, flags.out, missing);
  Checkpointing checkpoints;
  checkpoints.path = flags.out + ".checkpoint";
  checkpoints.seconds = flags.checkpoint;
  checkpoints.fingerprint =
      fingerprint_of(session.plan(), in_place, data, valid, to_string(settings));
  if (flags.resume) {
    go_on(flags, checkpoints, session, settings);
  } else if (std::filesystem::exists(checkpoints.path, missing)) {
    fmt::print(stderr,
               "weft: {} is of a run that was cut short: --resume would go on with it; "
               "training starts anew\n",
               checkpoints.path);
  }
  return checkpoints;
}

void say_end(const Flags& flags, const TrainOutcome& outcome, bool validated) {
  if (flags.quiet) return;
  std::string how;
  if (outcome.interrupted) how = "interrupted; ";
  if (outcome.stopped_early) how = "no better for a while; ";
  if (outcome.averaged == 1) {
    how += "kept the last epoch; ";
  } else if (outcome.averaged > 0) {
    how += fmt::format("kept the mean of the last {} epochs; ", outcome.averaged);
  } else if (validated && outcome.best_epoch == 0) {
    how += "no epoch was better than the plan as given, which is kept; ";
  } else if (validated) {
    how += fmt::format("kept epoch {}; ", outcome.best_epoch);
  }
  std::error_code device;  // has no size
  const auto bytes = std::filesystem::file_size(flags.out, device);
  const double megabytes = device ? 0 : static_cast<double>(bytes) / 1e6;
  fmt::print(stderr, "{}wrote {} ({:.1f} MB)\n", how, flags.out, megabytes);
}

// On what chose the best epoch; where there is no such data, on what was learnt.
void write_report(const Flags& flags, const Plan& plan, const Data& data) {
  Session session(plan, {flags.threads});
  Report report;
  if (!data.valid) {
    report = make_report(session, data.corpus, data.split.valid, plan.threshold);
    report.data =
        fmt::format("{} ({})", flags.data,
                    data.split.valid.empty() ? "the training data itself" : "the part held out");
  } else {
    report = make_report(session, *data.valid, {}, plan.threshold);
    report.data = flags.valid;
  }
  report.title = std::filesystem::path(flags.out).filename().string();
  report.plan_bytes = std::filesystem::file_size(flags.out);
  write_file(flags.report, to_html(report));
}

int train_command(const Flags& flags) {
  check_outputs(flags);
  if (!flags.valid.empty() && flags.valid_fraction > 0) {
    throw Error("--valid and --valid-fraction exclude each other", "give one of them");
  }
  Source source = is_plan(flags.input) ? open_plan(flags) : open_description(flags);
  const Data given = read_data(flags, source.split_seed);
  const Corpus& corpus = given.corpus;
  const Split& split = given.split;
  const DescriptionSettings all_settings = settings_of(source.description, source.overrides);
  const TrainSettings settings = train_settings(all_settings);

  Session session(start_plan(flags, source, corpus, split.train), {flags.threads, /*train=*/true});
  warn_of(flags, given, all_settings);
  const Dataset data = encode(corpus, split.train, session.encoder(), session.labels());
  std::optional<Dataset> valid;
  if (given.valid) {
    valid = encode(*given.valid, {}, session.encoder(), session.labels());
  } else if (!split.valid.empty()) {
    valid = encode(corpus, split.valid, session.encoder(), session.labels());
  }
  if (!flags.quiet) {
    const auto s = [](auto n) { return n == 1 ? "" : "s"; };
    const std::size_t labels = session.labels().size();
    const std::size_t words = session.plan().vocabulary.ends.size();
    fmt::print(stderr, "{} text{}, {} label{}, {} word{} known, {} thread{}\n", data.size(),
               s(data.size()), labels, s(labels), words, s(words), session.threads(),
               s(session.threads()));
  }

  const Dataset* held_out = valid ? &*valid : nullptr;
  const Checkpointing checkpoints = checkpointing(flags, session, data, held_out, settings);

  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::FILE* log = flags.quiet ? nullptr : stderr;
  Progress progress(log, is_terminal(STDERR_FILENO));
  const TrainOutcome outcome = train(session, data, held_out, settings, progress, &interrupted,
                                     flags.checkpoint > 0 ? &checkpoints : nullptr);
  if (outcome.interrupted && outcome.epochs == 0) {
    fmt::print(stderr, "weft: interrupted in the first epoch: no plan is written\n");
  } else {
    save_plan(outcome.plan, flags.out);
    say_end(flags, outcome, valid.has_value());
    if (!flags.report.empty()) write_report(flags, outcome.plan, given);
  }
  if (!outcome.interrupted) {
    std::error_code none;
    std::filesystem::remove(checkpoints.path, none);
    return 0;
  }
  if (flags.checkpoint > 0) {
    fmt::print(stderr, "weft: the same command with --resume goes on where this stopped\n");
  }
  return 130;
}

}  // namespace

Run declare_train(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->input, "a model description, or a plan to go on with")->required();
  app.add_option("--data", flags->data, "labelled texts to learn from")->required();
  app.add_option("-o,--output", flags->out, "the plan to write")->required();
  app.add_option("--valid", flags->valid, "labelled texts to choose the best epoch by");
  app.add_option("--valid-fraction", flags->valid_fraction,
                 "share of the data held out for that, of each label alike")
      ->check(within(0.0, 0.9));
  app.add_option("--epochs", flags->epochs, "passes over the data");
  app.add_option("--batch", flags->batch, "texts per step");
  app.add_option("--rate", flags->learning_rate, "the learning rate");
  app.add_option("--schedule", flags->schedule, "constant, linear, cosine or step");
  app.add_option("--warmup", flags->warmup, "steps of rising rate; below 1: that share of the run");
  app.add_option("--final-rate", flags->final_rate,
                 "where linear and cosine end, as a share of the rate");
  app.add_option("--metric", flags->metric,
                 "what the best epoch is best in: accuracy, macro_f1 or loss");
  app.add_option("--patience", flags->patience,
                 "epochs without a better validation before it stops");
  app.add_option("--average", flags->average, "last epochs whose mean weights are tried; 0: none");
  app.add_option("--seed", flags->seed, "of weights, order, dropout and --valid-fraction");
  app.add_option("--threads", flags->threads, "0: all this process may use")
      ->check(CLI::Range(0, 4096));
  app.add_flag("--resume", flags->resume, "go on with a run that was cut short, if there is one");
  app.add_option("--checkpoint", flags->checkpoint,
                 "seconds from one checkpoint, PLAN.checkpoint, to the next; 0: none")
      ->check(within(0.0, 1e9))
      ->capture_default_str();
  app.add_flag("--no-rewrites", flags->no_rewrites,
               "plain programs, layer by layer: slower, to compare with");
  app.add_option("--report", flags->report, "an HTML file to write: see `weft eval --help`");
  app.add_flag("--quiet", flags->quiet, "no progress");
  declare_vectors(app, flags->vectors);
  declare_set(app, flags->set);
  flags->reading.declare(app);
  return [flags] { return train_command(*flags); };
}

}  // namespace weft
