// `weft tune`: searches for better values of a description's constants and settings.
#include "frontend/search/tune.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "frontend/cli/command.h"
#include "frontend/cli/given_model.h"
#include "frontend/cli/interrupt.h"
#include "frontend/cli/say_winner.h"
#include "frontend/cli/tune_data.h"
#include "frontend/cli/tune_progress.h"
#include "frontend/cli/tuned_description.h"
#include "frontend/format/message.h"
#include "frontend/report/progress.h"
#include "frontend/report/search_report.h"
#include "frontend/search/search_time.h"
#include "frontend/search/trials_file.h"
#include "ir/file.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

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
std::string fingerprint(const TuneFlags& flags, const std::vector<Candidate>& candidates,
                        std::uint64_t seed) {
  const Corpus& corpus = *candidates.front().trial.corpus;
  const Overrides& overrides = candidates.front().trial.overrides;
  XXH3_state_t* state = XXH3_createState();
  XXH3_64bits_reset(state);
  const auto add = [&](std::string_view text) {
    XXH3_64bits_update(state, text.data(), text.size());
    XXH3_64bits_update(state, "\n", 1);
  };
  for (const Candidate& candidate : candidates) {
    add(candidate.trial.description->source);
    for (const Parameter& p : candidate.space) {
      add(fmt::format("{} {} {}", p.path, p.low, p.high));
      for (const Attr& choice : p.choices) add(to_string(choice));
    }
  }
  add(fmt::format("{} {} {} {}", seed, flags.valid_fraction, candidates.front().splits.size(),
                  listed_files(flags.valid)));
  for (const std::string& assignment : overrides.assignments()) add(assignment);
  add(flags.vectors);
  add(flags.pretrained);
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    add(corpus.text(i));
    for (const std::uint32_t label : corpus.labels(i)) add(corpus.label_names()[label]);
  }
  const std::uint64_t hash = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  return fmt::format("{}\"{:016x}\"}}", kTuning, hash);
}

// The trial of the candidate that has the best result.
const Trial& best_trial(const std::vector<Candidate>& candidates,
                        const std::vector<TuneResult>& results) {
  return candidates[candidate_of(candidates, results.front())].trial;
}

// After an interruption: the best description so far, though no plan was trained by it.
void leave_best(const std::vector<TuneResult>& results, const std::vector<Candidate>& candidates,
                const TuneFlags& flags) {
  if (results.empty() || !results.front().failure.empty()) return;
  const Description best = describe(results, best_trial(candidates, results), flags).description;
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

// The files that the search writes must not be files that it reads, nor any but its own.
void check_outputs(const TuneFlags& flags) {
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
  if (!flags.report.empty()) {
    check_output("--report", flags.report,
                 {{"MODEL", flags.description},
                  {"--data", flags.data},
                  {"--valid", flags.valid},
                  {"--vectors", flags.vectors},
                  {"-o", flags.out},
                  {"-o with .model after it", stem + ".model"},
                  {"-o with .trials.jsonl after it", stem + ".trials.jsonl"}});
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

void warn_of(const TuneData& data, const DescriptionSettings& settings) {
  const Split& split = data.splits.front();
  const CorpusView train{data.corpus(), split.train};
  warn(label_warnings(train, settings));
  warn(text_warnings(train, settings));
  warn(split_warnings(train, {data.corpus(), split.valid}));
}

TuneSettings limits(const TuneFlags& flags) {
  TuneSettings settings = flags.settings;
  if (flags.budget) settings.seconds = parse_budget(*flags.budget);
  if (settings.trials == 0 && !flags.budget) settings.trials = 27;
  return settings;
}

// The competitors: the description that was given, alone, or the starters that fit the data.
std::vector<FittedStarter> competitors(const TuneFlags& flags, std::optional<Corpus>& corpus) {
  const InitialSources initial = flags.initial(/*quiet=*/true);
  if (!flags.description.empty()) return {{"", {}, read_model(flags.description), initial}};
  corpus = flags.reading.read(flags.data);
  return competing_starters(*corpus, initial, flags.quiet);
}

// Error if what is set does not fit: before the results of an earlier search are put aside.
void check_set(const Candidate& candidate) {
  const Trial& trial = candidate.trial;
  try {
    check_values(*trial.description, trial.overrides, {}, trial.options.initial);
  } catch (const Error& e) {
    if (candidate.starter.empty()) throw;
    const Diagnostic& first = e.diagnostics().front();
    throw UsageError(fmt::format("the starter `{}`: {}", candidate.starter, first.message),
                     first.note);
  }
}

// Without their data. They refer to the descriptions of the competitors.
std::vector<Candidate> candidates_of(const TuneFlags& flags,
                                     const std::vector<FittedStarter>& competitors) {
  std::vector<Candidate> candidates;
  for (const FittedStarter& competitor : competitors) {
    Candidate candidate;
    candidate.starter = competitor.name;
    Trial& trial = candidate.trial;
    trial.description = &competitor.description;
    trial.overrides = Overrides(flags.set);
    if (flags.seed) trial.overrides.set("train.seed", *flags.seed);
    trial.options.initial = competitor.initial;
    check_set(candidate);
    candidate.space = search_space(*trial.description, trial.overrides, trial.options.initial);
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

void give_data(std::vector<Candidate>& candidates, const TuneData& data,
               const std::atomic<bool>& interrupted) {
  const auto store = std::make_shared<VectorsStore>(data.corpus());
  for (Candidate& candidate : candidates) {
    Trial& trial = candidate.trial;
    trial.corpus = &data.corpus();
    trial.options.initial.vectors.store = store;
    trial.options.interrupt = &interrupted;
    candidate.splits = data.splits;
  }
}

TrialsFile open_trials(const TuneFlags& flags, const std::vector<Candidate>& candidates,
                       std::uint64_t seed) {
  const std::string path = stem_of(flags.out) + ".trials.jsonl";
  TrialsFile file(path, fingerprint(flags, candidates, seed), flags.resume);
  if (file.kept_old()) {
    print_message(
        stderr,
        "weft: {} is of an earlier search, with which --resume would go on: kept as {}.old\n", path,
        path);
  }
  return file;
}

void write_page(const std::vector<TuneResult>& results, std::string_view measure, std::size_t texts,
                const TuneFlags& flags) {
  const std::string title = std::filesystem::path(flags.out).filename().string();
  write_file(flags.report,
             tune_page(results, measure, texts, title, origin_of(listed_files(flags.data))));
}

// Tells the user if the whole command took much longer than its budget.
void say_overrun(double budget, double searched, double all) {
  constexpr double kKept = 1.2;
  if (all <= kKept * budget) return;
  print_message(stderr,
                "weft: it took {}, not {}: training the best on all of the data took {}; for less, "
                "`--set train.epochs=N`\n",
                duration(all), duration(budget), duration(all - searched));
}

int tune_command(const TuneFlags& flags) {
  check_outputs(flags);
  if (std::isnan(flags.valid_fraction)) {
    throw UsageError("--valid-fraction nan is no share", "0.2, say");
  }
  TuneSettings settings = limits(flags);
  const double budget = settings.seconds;
  const SearchTime time(budget);
  std::optional<Corpus> corpus;
  const std::vector<FittedStarter> competing = competitors(flags, corpus);
  std::vector<Candidate> candidates = candidates_of(flags, competing);
  const Trial& first = candidates.front().trial;
  const DescriptionSettings plain = settings_of(*first.description, first.overrides);
  const auto seed = static_cast<std::uint64_t>(plain.seed);
  const TuneData data = read_tune_data(flags, seed, std::move(corpus));
  const std::atomic<bool>& interrupted = watch_interrupts();
  give_data(candidates, data, interrupted);
  warn_of(data, plain);

  TrialsFile file = open_trials(flags, candidates, seed);
  const std::string_view measure =
      name_of(shown_measure(plain.metric, first.corpus->multi_label()));
  std::vector<TuneResult> results;
  settings.seconds = std::max(budget - time.seconds(), 0.0);  // what reading the data has left
  {
    TuneProgress progress(file, settings, measure, flags.quiet);
    results = tune(candidates, settings, file.known(), progress);
  }
  const double searched = time.seconds();
  if (interrupted) {
    leave_best(results, candidates, flags);
    print_message(stderr, "weft: the same command with --resume goes on where this stopped\n");
    return interrupted_status();
  }
  if (results.empty()) {
    throw Error("not one trial ended in the time given", "give it more with --budget");
  }
  file.finish(results);
  if (const TuneResult& best = results.front(); !best.failure.empty()) {
    throw Error(fmt::format("every trial failed; {}: {}", tried_text(best), best.failure));
  }
  Trial trial = best_trial(candidates, results);
  trial.options.threads = flags.settings.threads;
  const Best best = describe(results, trial, flags);
  if (!flags.quiet) {
    print_message(stderr, "the best, trained on all of the data{}:\n",
                  was_trained_fully(results, results.front().trial)
                      ? ""
                      : " for the epochs that its description says: no trial of it was as long");
  }
  const Plan tuned = train_best(best, trial, data.given, flags.quiet);
  if (interrupted) {
    leave_best(results, candidates, flags);
    return interrupted_status();
  }
  save_plan(tuned, flags.out);
  write_file(best.description.file, best.description.source);
  if (!flags.report.empty()) write_page(results, measure, chosen_on(data.splits), flags);
  say_best(results, candidates, measure);
  say_overrun(budget, searched, time.seconds());
  if (!flags.quiet) {
    print_message(stderr, "wrote {}, {} and {}.trials.jsonl\n", flags.out, best.description.file,
                  stem_of(flags.out));
  }
  return 0;
}

}  // namespace

Run declare_tune(CLI::App& app) {
  const auto flags = std::make_shared<TuneFlags>();
  app.add_option("MODEL|FILE", flags->description,
                 "a model description; its line `tune` may say what to vary. Without one the "
                 "starters that fit the data compete; a data file may stand here instead of after "
                 "--data");
  declare_data(app, "--data", flags->data, "labelled texts");
  app.add_option("-o,--output", flags->out,
                 "the best plan; X.model and X.trials.jsonl are written beside X.plan")
      ->required();
  app.add_option(
      "--budget", flags->budget,
      "time for all of it: 90s, 10m, 2h. How many trials fit in it, and so the plan, may "
      "differ from run to run");
  app.add_option(
         "--trials", flags->settings.trials,
         "number of trials, instead of a time: equal runs make equal plans; 27 if neither is "
         "given")
      ->check(CLI::Range(1, 1 << 20));
  CLI::Option* valid =
      declare_data(app, "--valid", flags->valid, "labelled texts to compare trials on");
  app.add_option("--valid-fraction", flags->valid_fraction,
                 "share of the data to hold out for that, if there is no --valid")
      ->check(CLI::Range(0.001, 0.9))
      ->capture_default_str();
  app.add_option("--splits", flags->splits,
                 "times that such a share is held out, another each time; a trial's score is the "
                 "mean. 0: 5 times below 1000 texts, else once")
      ->check(CLI::Range(0, 1000))
      ->excludes(valid)
      ->capture_default_str();
  app.add_option("--seed", flags->seed, "random seed of the trials, weights, order and dropout");
  app.add_option("--threads", flags->settings.threads,
                 "trials at a time; 0: as many as this process has threads")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  app.add_option("--report", flags->report, "also write this HTML file: the trials as pictures");
  app.add_flag("--resume", flags->resume, "go on with an interrupted search");
  app.add_flag("--quiet", flags->quiet, "no progress");
  app.footer(
      "The best trials and the description, or the best starter, as it stands are compared at the\n"
      "end, each trained from three seeds. A trial wins only if it is better by more than one\n"
      "standard error of the accuracy on the validation texts; else what was given stays, because\n"
      "the best of many trials is in part the luckiest. More validation texts tell smaller gains.");
  flags->declare(app);
  return [flags] {
    take_model_for_data(flags->description, flags->data, flags->reading);
    return tune_command(*flags);
  };
}

}  // namespace weft
