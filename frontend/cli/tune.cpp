// `weft tune`: searches for better values of a description's constants and settings.
#include "frontend/tune.h"

#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>

#include "frontend/cli/command.h"
#include "frontend/progress.h"
#include "frontend/split.h"
#include "ir/file.h"

namespace weft {
namespace {

struct Flags {
  std::string model, data, valid, out, vectors, budget;
  std::vector<std::string> set;
  std::optional<std::int64_t> seed;
  double valid_fraction = 0.2;
  TuneSettings settings;
  bool resume = false, quiet = false;
  DataFlags reading;
};

std::atomic<bool> interrupted{false};

void on_signal(int signal) {
  interrupted = true;
  std::signal(signal, SIG_DFL);
}

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
  if (end == 0 || factor == 0 || !(number > 0)) {
    throw Error(fmt::format("`{}` is no time", text), "write --budget 90s, 10m or 2h");
  }
  return number * factor;
}

// Everything the search depends on: results of another one must not be mixed in.
std::string fingerprint(const Flags& flags, const Model& model, const Corpus& corpus,
                        std::uint64_t seed, const Overrides& overrides) {
  XXH3_state_t* state = XXH3_createState();
  XXH3_64bits_reset(state);
  const auto add = [&](std::string_view text) {
    XXH3_64bits_update(state, text.data(), text.size());
    XXH3_64bits_update(state, "\n", 1);
  };
  add(model.source);
  add(fmt::format("{} {} {}", seed, flags.valid_fraction, flags.valid));
  for (const std::string& assignment : overrides.assignments()) add(assignment);
  add(flags.vectors);
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    add(corpus.text(i));
    for (const std::uint32_t label : corpus.labels(i)) add(corpus.label_names()[label]);
  }
  const std::uint64_t hash = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  return fmt::format("{{\"tuning\": \"{:016x}\"}}", hash);
}

// The trials' file: a line for each result as soon as there is one, so that nothing is lost.
class TrialsFile {
 public:
  TrialsFile(std::string path, std::string header, bool resume)
      : path_(std::move(path)), header_(std::move(header)) {
    if (resume) read();
    std::string text = header_ + "\n";
    for (const TuneResult& result : known_) text += to_json(result) + "\n";
    write_file(path_, text);
    out_.open(path_, std::ios::app);
  }

  const std::vector<TuneResult>& known() const { return known_; }

  void add(const TuneResult& result) {
    out_ << to_json(result) << '\n';
    if (!out_.flush()) throw Error(fmt::format("cannot write {}", path_), "is the disk full?");
  }

  void finish(const std::vector<TuneResult>& by_merit) {
    out_.close();
    std::string text = header_ + "\n";
    for (const TuneResult& result : by_merit) text += to_json(result) + "\n";
    write_file(path_, text);
  }

 private:
  void read() {
    std::ifstream in(path_);
    if (!in) return;
    std::string line;
    std::getline(in, line);
    if (line != header_) {
      throw Error(fmt::format("{} is of another description, other data or other flags", path_),
                  "give those again, or leave out --resume to start anew");
    }
    while (std::getline(in, line)) {
      if (in.eof()) break;  // cut off in the middle
      known_.push_back(parse_tune_result(line));
    }
  }

  std::string path_, header_;
  std::vector<TuneResult> known_;
  std::ofstream out_;
};

class TuneProgress : public TuneObserver {
 public:
  TuneProgress(TrialsFile& file, const TuneSettings& settings, bool quiet)
      : file_(file), settings_(settings), quiet_(quiet) {
    for (const TuneResult& result : file.known()) known_.insert({result.trial, result.step});
  }
  ~TuneProgress() override {
    if (live_ && !quiet_) fmt::print(stderr, "\r\x1b[K");
  }
  TuneProgress(const TuneProgress&) = delete;
  TuneProgress& operator=(const TuneProgress&) = delete;

  void ended(const TuneResult& result) override {
    if (!known_.contains({result.trial, result.step})) file_.add(result);
    ++ended_;
    best_ = std::max(best_, result.score);
    if (quiet_) return;
    if (!live_) {
      fmt::print(stderr, "trial {:3}  {:2} epochs  score {}  {}\n", result.trial, result.epochs,
                 score_text(result), to_string(result.values));
      return;
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    const double left = settings_.trials > 0 ? seconds / share() - seconds
                                             : std::max(0.0, settings_.seconds - seconds);
    fmt::print(stderr, "\r\x1b[Ktrial {}  best score {:.4f}  {} left", result.trial, best_,
               duration(left));
    std::fflush(stderr);
  }

 private:
  using Clock = std::chrono::steady_clock;

  // Of a group of nine, thirteen or fourteen results are to come.
  double share() const {
    const double all = static_cast<double>(settings_.trials) * 13.5 / 9;
    return std::min(1.0, static_cast<double>(ended_) / all);
  }

  TrialsFile& file_;
  const TuneSettings& settings_;
  bool quiet_, live_ = is_terminal(STDERR_FILENO);
  std::set<std::pair<std::int64_t, std::int64_t>> known_;
  std::int64_t ended_ = 0;
  double best_ = -1e300;
  Clock::time_point start_ = Clock::now();
};

// `reviews.plan` to `reviews`.
std::string stem_of(const std::string& plan) {
  const std::filesystem::path path(plan);
  return path.extension() == ".plan" ? (path.parent_path() / path.stem()).string() : plan;
}

// Trained on all that it may learn from, for as long as was best in the search.
Plan train_best(const TuneResult& best, Trial trial, const std::vector<std::uint32_t>& rows,
                bool quiet) {
  for (const auto& [path, value] : best.values) trial.overrides.set(path, value);
  Overrides overrides = trial.overrides;
  const bool constant = settings_of(*trial.model, overrides).schedule.shape == RateShape::constant;
  trial.overrides.set("train.epochs", constant ? best.best_epoch : best.epochs);
  trial.train = rows;
  trial.choose.clear();
  Progress progress(quiet ? nullptr : stderr, is_terminal(STDERR_FILENO));
  return run_trial(trial, progress).training.plan;
}

void say_best(const std::vector<TuneResult>& results) {
  print_out(leaderboard(results, 10));
  const auto plain = std::ranges::find(results, 0, &TuneResult::trial);
  if (plain == results.end()) return;
  print_out(fmt::format("best score {:.4f}; the description as it stands {:.4f}\n",
                        results.front().score, plain->score));
}

int tune_command(const Flags& flags) {
  const Model model = read_model(flags.model);
  Corpus corpus = flags.reading.read(flags.data);
  const std::vector<std::uint32_t> rows = all_rows(corpus);

  Trial trial;
  trial.model = &model;
  trial.overrides = Overrides(flags.set);
  if (flags.seed) trial.overrides.set("train.seed", *flags.seed);
  trial.vectors = vectors_options(flags.vectors, /*quiet=*/true);
  trial.interrupt = &interrupted;
  Overrides overrides = trial.overrides;
  const ModelSettings plain = settings_of(model, overrides);
  const auto seed = static_cast<std::uint64_t>(plain.seed);
  const std::vector<Parameter> space = search_space(model, trial.overrides);

  Split split;
  if (flags.valid.empty()) {
    split = stratified_split(corpus, flags.valid_fraction, seed);
    if (split.valid.empty()) {
      throw Error(fmt::format("{} examples are too few to hold any out", corpus.size()),
                  "add data, or a larger --valid-fraction");
    }
  } else {
    corpus = joined(corpus, flags.reading.read(flags.valid));
    split.train = rows;
    split.valid.resize(corpus.size() - rows.size());
    std::iota(split.valid.begin(), split.valid.end(), static_cast<std::uint32_t>(rows.size()));
  }
  trial.corpus = &corpus;
  trial.train = split.train;
  trial.choose = split.valid;
  const Part train{corpus, split.train};
  warn(remarks_on_labels(train, plain));
  warn(remarks_on_texts(train, plain));
  warn(remarks_on_parts(train, {corpus, split.valid}));

  const std::string stem = stem_of(flags.out);
  TrialsFile file(stem + ".trials.jsonl", fingerprint(flags, model, corpus, seed, trial.overrides),
                  flags.resume);
  TuneSettings settings = flags.settings;
  // A fifth of the time is for training the best on all of the data.
  if (!flags.budget.empty()) settings.seconds = 0.8 * parse_budget(flags.budget);
  if (settings.trials == 0 && flags.budget.empty()) settings.trials = 27;

  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::vector<TuneResult> results;
  {
    TuneProgress progress(file, settings, flags.quiet);
    results = tune(trial, space, settings, file.known(), progress);
  }
  if (interrupted) {
    fmt::print(stderr, "weft: the same command with --resume goes on where this stopped\n");
    return 130;
  }
  if (results.empty()) {
    throw Error("not one trial ended in the time given", "give it more with --budget");
  }
  file.finish(results);
  trial.threads = flags.settings.threads;
  const Plan best = train_best(results.front(), trial, rows, flags.quiet);
  if (interrupted) return 130;
  save_plan(best, flags.out);
  write_file(stem + ".model", with_values(model, results.front().values));
  say_best(results);
  if (!flags.quiet) {
    fmt::print(stderr, "wrote {}, {}.model and {}.trials.jsonl\n", flags.out, stem, stem);
  }
  return 0;
}

}  // namespace

Run declare_tune(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->model, "a model description; its line `tune` may say what to vary")
      ->required();
  app.add_option("--data", flags->data, "labelled texts")->required();
  app.add_option("-o,--output", flags->out,
                 "the plan of the best; X.model and X.trials.jsonl are written beside X.plan")
      ->required();
  app.add_option("--budget", flags->budget, "time for all of it: 90s, 10m, 2h");
  app.add_option("--trials", flags->settings.trials,
                 "values tried, in place of a time; without either, 27")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--valid", flags->valid, "labelled texts to compare by");
  app.add_option("--valid-fraction", flags->valid_fraction,
                 "without --valid, share of the data held out for that")
      ->check(CLI::Range(0.001, 0.9))
      ->capture_default_str();
  app.add_option("--seed", flags->seed, "of what is tried, weights, order and dropout");
  app.add_option("--threads", flags->settings.threads,
                 "trials side by side; 0: all this process may use")
      ->check(CLI::Range(0, 4096));
  app.add_flag("--resume", flags->resume, "go on with a search that was cut short");
  app.add_flag("--quiet", flags->quiet, "no progress");
  declare_vectors(app, flags->vectors);
  declare_set(app, flags->set);
  flags->reading.declare(app);
  return [flags] { return tune_command(*flags); };
}

}  // namespace weft
