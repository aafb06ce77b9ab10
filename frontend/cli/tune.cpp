// `weft tune`: searches for better values of a description's constants and settings.
#include "frontend/search/tune.h"
#include "frontend/format/message.h"

#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "frontend/cli/command.h"
#include "frontend/cli/interrupt.h"
#include "frontend/cli/tune_progress.h"
#include "frontend/data/split.h"
#include "frontend/report/progress.h"
#include "frontend/search/trials_file.h"
#include "ir/file.h"

namespace weft {
namespace {

struct Flags {
  std::string description, out, vectors, pretrained;
  std::vector<std::string> data, valid;
  std::optional<std::string> budget;
  std::vector<std::string> set;
  std::optional<std::int64_t> seed;
  double valid_fraction = 0.2;
  TuneSettings settings;
  bool resume = false, quiet = false;
  DataFlags reading;
};

// `90`, `90s`, `10m` or `2h`, in seconds.
double parse_budget(const std::string& text) {
  std::size_t end = 0;
  double number = 0;
  try {
    number = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  const std::string unit = text.substr(end);
  const double factor = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (end == 0 || factor == 0 || !(number > 0) || std::isinf(number)) {
    throw UsageError(fmt::format("`{}` is no time", text), "write --budget 90s, 10m or 2h");
  }
  return number * factor;
}

// A list of trials begins with this.
constexpr std::string_view kTuning = "{\"tuning\": ";

// Everything the search depends on: results of another one must not be mixed in.
std::string fingerprint(const Flags& flags, const Description& description, const Corpus& corpus,
                        std::uint64_t seed, const Overrides& overrides) {
  XXH3_state_t* state = XXH3_createState();
  XXH3_64bits_reset(state);
  const auto add = [&](std::string_view text) {
    XXH3_64bits_update(state, text.data(), text.size());
    XXH3_64bits_update(state, "\n", 1);
  };
  add(description.source);
  add(fmt::format("{} {} {}", seed, flags.valid_fraction, listed_files(flags.valid)));
  for (const std::string& assignment : overrides.assignments()) add(assignment);
  add(flags.vectors);
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    add(corpus.text(i));
    for (const std::uint32_t label : corpus.labels(i)) add(corpus.label_names()[label]);
  }
  const std::uint64_t hash = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  return fmt::format("{}\"{:016x}\"}}", kTuning, hash);
}

// `reviews.plan` to `reviews`.
std::string stem_of(const std::string& plan) {
  const std::filesystem::path path(plan);
  return path.extension() == ".plan" ? (path.parent_path() / path.stem()).string() : plan;
}

// The first line of a description that the search wrote begins with this.
constexpr std::string_view kMadeBy = "# the plan is made by: ";

// The text quoted, so that a shell takes it for one word.
std::string word(const std::string& text) {
  constexpr std::string_view kPlain = "_-+=:,./%@";
  const bool plain = !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
    return std::isalnum(c) != 0 || kPlain.find(static_cast<char>(c)) != kPlain.npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

// `weft train` with what the description itself does not say.
std::string train_command(const Flags& flags, const std::string& description,
                          const Overrides& overrides) {
  std::string command = "weft train " + word(description);
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) command += fmt::format(" {} {}", flag, word(value));
  };
  for (const std::string& file : flags.data) add("--data", file);
  for (const auto& [flag, value] : flags.reading.given()) add(flag.c_str(), value);
  if (flags.reading.skip_bad) command += " --skip-bad";
  add("--vectors", flags.vectors);
  add("--pretrained", flags.pretrained);
  for (const std::string& assignment : overrides.assignments()) add("--set", assignment);
  if (flags.settings.threads > 0) add("--threads", fmt::format("{}", flags.settings.threads));
  return command + " -o " + word(flags.out);
}

// The best result as a description of its own, and the values that a description cannot hold.
struct Best {
  Description description;
  Overrides left;
};

Best describe(const std::vector<TuneResult>& results, const Trial& trial, const Flags& flags) {
  const TuneResult& best = results.front();
  const bool fully = was_trained_fully(results, best.trial);
  const std::string file = stem_of(flags.out) + ".model";
  const auto folder = [](const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    return std::filesystem::weakly_canonical(parent.empty() ? "." : parent);
  };
  Description from = *trial.description;
  if (from.source.starts_with(kMadeBy)) from.source.erase(0, from.source.find('\n') + 1);
  from = parse_description(from.source, from.file);
  if (folder(file) != folder(from.file)) {
    from = parse_description(moved_to(from, folder(file).string()), from.file);
  }
  Assignments values = trial.overrides.values();
  std::ranges::copy(final_values(best, trial, fully), std::back_inserter(values));
  Assignments left;
  const std::string text = put_values(from, values, left);
  Best result;
  for (const auto& [path, value] : left) result.left.set(path, value);
  result.description = parse_description(
      fmt::format("{}{}\n{}", kMadeBy, train_command(flags, file, result.left), text), file);
  return result;
}

// After an interruption: the best description so far, though no plan was trained by it.
void leave_best(const std::vector<TuneResult>& results, const Trial& trial, const Flags& flags) {
  if (results.empty() || !results.front().failure.empty()) return;
  const Description best = describe(results, trial, flags).description;
  write_file(best.file, best.source);
  print_message(
      stderr,
      "weft: {} is the best description so far, of trial {}; its first line is the command "
      "that trains it\n",
      best.file, results.front().trial);
}

// Trained on all that it may learn from, for as long as was best in the search.
Plan train_best(const Best& best, Trial trial, const Corpus& corpus, bool quiet) {
  trial.description = &best.description;
  trial.overrides = best.left;
  trial.options.initial.vectors.store = nullptr;  // read as `weft train` does
  trial.corpus = &corpus;
  trial.train_rows = all_rows(corpus);
  trial.valid_rows.clear();
  Progress progress(quiet ? nullptr : stderr, is_terminal(STDERR_FILENO));
  return fit(trial, progress).plan;
}

// Held out of the data, where there is no file to compare by.
Split hold_out(const Corpus& corpus, double fraction, std::uint64_t seed) {
  Split split = stratified_split(corpus, fraction, seed);
  if (!split.valid.empty()) return split;
  const std::string texts = fmt::format("{} text{}", corpus.size(), corpus.size() == 1 ? "" : "s");
  if (stratified_split(corpus, 0.9, seed).valid.empty()) {
    throw Error(
        fmt::format("of the {} none can be held out: every label keeps one to learn from", texts),
        "add texts of the same labels, or name others by --valid");
  }
  throw Error(fmt::format("--valid-fraction {} of {} is none", fraction, texts),
              "give a larger one, or add data");
}

// The files that the search writes must not be files that it reads, nor any but its own.
void check_outputs(const Flags& flags) {
  const std::string stem = stem_of(flags.out);
  for (const std::string& written : {flags.out, stem + ".model", stem + ".trials.jsonl"}) {
    std::vector<std::string> inputs{flags.description, flags.vectors};
    inputs.insert(inputs.end(), flags.data.begin(), flags.data.end());
    inputs.insert(inputs.end(), flags.valid.begin(), flags.valid.end());
    for (const std::string& read : inputs) {
      std::error_code missing;
      if (!std::filesystem::equivalent(written, read, missing)) continue;
      throw Error(fmt::format("{} is read, and would be overwritten{}", read,
                              read == written ? "" : ", as " + written),
                  fmt::format("name another plan: -o {}.tuned.plan", stem));
    }
  }
  check_plan_output(flags.out, {});
  check_replaceable("the description", stem + ".model", kMadeBy, "one that a search wrote");
  check_replaceable("the list of trials", stem + ".trials.jsonl", kTuning, "one of a search");
}

std::string_view name_of(BestBy score) {
  constexpr std::array<std::string_view, 5> kNames{"accuracy", "accuracy", "macro F1", "micro F1",
                                                   "minus the loss"};
  return kNames[static_cast<std::size_t>(score)];
}

void say_best(const std::vector<TuneResult>& results, std::string_view score) {
  print_out(leaderboard(results, 10));
  print_out(fmt::format("score: {} on the validation texts; first come trials of several seeds\n",
                        score));
  const auto plain = std::ranges::find(results, 0, &TuneResult::trial);
  if (plain == results.end()) return;
  if (plain == results.begin()) {
    print_out("no trial was better than the description as it stands\n");
    return;
  }
  print_out(fmt::format("best score {:.4f}; the description as it stands {:.4f}\n",
                        results.front().score, plain->score));
}

// The data to compare trials on, and the data that the best is trained on at the end.
struct Data {
  Corpus given;
  std::optional<Corpus> both;  // given, then what to compare by, where that is a file of its own
  Split split;                 // of `corpus`

  const Corpus& corpus() const { return both ? *both : given; }
};

Data read_data(const Flags& flags, std::uint64_t seed) {
  Data data{flags.reading.read(flags.data), {}, {}};
  if (flags.valid.empty()) {
    data.split = hold_out(data.given, flags.valid_fraction, seed);
    return data;
  }
  data.both = joined(data.given, flags.reading.read(flags.valid));
  data.split.train = all_rows(data.given);
  data.split.valid.resize(data.both->size() - data.given.size());
  std::iota(data.split.valid.begin(), data.split.valid.end(),
            static_cast<std::uint32_t>(data.given.size()));
  return data;
}

void warn_of(const Data& data, const DescriptionSettings& settings) {
  const CorpusView train{data.corpus(), data.split.train};
  warn(label_warnings(train, settings));
  warn(text_warnings(train, settings));
  warn(split_warnings(train, {data.corpus(), data.split.valid}));
}

TuneSettings limits(const Flags& flags) {
  TuneSettings settings = flags.settings;
  // A fifth of the time is for training the best on all of the data.
  if (flags.budget) settings.seconds = 0.8 * parse_budget(*flags.budget);
  if (settings.trials == 0 && !flags.budget) settings.trials = 27;
  return settings;
}

int tune_command(const Flags& flags) {
  check_outputs(flags);
  if (std::isnan(flags.valid_fraction)) {
    throw UsageError("--valid-fraction nan is no share", "0.2, say");
  }
  const TuneSettings settings = limits(flags);
  const Description description = read_model(flags.description);
  Trial trial;
  trial.description = &description;
  trial.overrides = Overrides(flags.set);
  if (flags.seed) trial.overrides.set("train.seed", *flags.seed);
  trial.options.initial = {vectors_options(flags.vectors, /*quiet=*/true), flags.pretrained};
  const DescriptionSettings plain = settings_of(description, trial.overrides);
  const auto seed = static_cast<std::uint64_t>(plain.seed);
  const std::vector<Parameter> space =
      search_space(description, trial.overrides, trial.options.initial);
  const Data data = read_data(flags, seed);
  trial.corpus = &data.corpus();
  trial.options.initial.vectors.store = std::make_shared<VectorsStore>(data.corpus());
  trial.train_rows = data.split.train;
  trial.valid_rows = data.split.valid;
  warn_of(data, plain);

  const std::string stem = stem_of(flags.out);
  const std::string trials = stem + ".trials.jsonl";
  TrialsFile file(trials, fingerprint(flags, description, data.corpus(), seed, trial.overrides),
                  flags.resume);
  if (file.kept_old()) {
    print_message(
        stderr,
        "weft: {} is of an earlier search, with which --resume would go on: kept as {}.old\n",
        trials, trials);
  }
  const std::atomic<bool>& interrupted = watch_interrupts();
  trial.options.interrupt = &interrupted;
  const std::string_view measure =
      name_of(shown_measure(plain.metric, data.corpus().multi_label()));
  std::vector<TuneResult> results;
  {
    TuneProgress progress(file, settings, measure, flags.quiet);
    results = tune(trial, space, settings, file.known(), progress);
  }
  if (interrupted) {
    leave_best(results, trial, flags);
    print_message(stderr, "weft: the same command with --resume goes on where this stopped\n");
    return interrupted_status();
  }
  if (results.empty()) {
    throw Error("not one trial ended in the time given", "give it more with --budget");
  }
  file.finish(results);
  trial.options.threads = flags.settings.threads;
  const Best best = describe(results, trial, flags);
  if (!flags.quiet) print_message(stderr, "the best, trained on all of the data:\n");
  const Plan tuned = train_best(best, trial, data.given, flags.quiet);
  if (interrupted) {
    leave_best(results, trial, flags);
    return interrupted_status();
  }
  save_plan(tuned, flags.out);
  write_file(best.description.file, best.description.source);
  say_best(results, measure);
  if (!flags.quiet) {
    print_message(stderr, "wrote {}, {} and {}\n", flags.out, best.description.file, trials);
  }
  return 0;
}

}  // namespace

Run declare_tune(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->description,
                 "a model description; its line `tune` may say what to vary")
      ->required();
  declare_data(app, "--data", flags->data, "labelled texts")->required();
  app.add_option("-o,--output", flags->out,
                 "the best plan; X.model and X.trials.jsonl are written beside X.plan")
      ->required();
  app.add_option("--budget", flags->budget, "time for all of it: 90s, 10m, 2h");
  app.add_option("--trials", flags->settings.trials,
                 "number of trials, instead of a time; 27 if neither is given")
      ->check(CLI::Range(1, 1 << 20));
  declare_data(app, "--valid", flags->valid, "labelled texts to compare trials on");
  app.add_option("--valid-fraction", flags->valid_fraction,
                 "share of the data to hold out for that, if there is no --valid")
      ->check(CLI::Range(0.001, 0.9))
      ->capture_default_str();
  app.add_option("--seed", flags->seed, "random seed of the trials, weights, order and dropout");
  app.add_option("--threads", flags->settings.threads,
                 "trials at a time; 0: as many as this process has threads")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  app.add_flag("--resume", flags->resume, "go on with an interrupted search");
  app.add_flag("--quiet", flags->quiet, "no progress");
  declare_vectors(app, flags->vectors);
  declare_pretrained(app, flags->pretrained);
  declare_set(app, flags->set);
  flags->reading.declare(app);
  return [flags] { return tune_command(*flags); };
}

}  // namespace weft
