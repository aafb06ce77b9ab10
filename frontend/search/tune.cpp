// The search. Only the results of complete steps decide which trials train on, and for how long.
#include "frontend/search/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "frontend/format/table.h"
#include "frontend/search/run_in_parallel.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

constexpr std::int64_t kGroup = 9;
constexpr double kFailed = std::numeric_limits<double>::lowest();  // a score, below all others
constexpr std::int64_t kKept = 3;       // of a step: one in so many goes on
constexpr std::size_t kFinalists = 3;   // beside the description as it stands
constexpr double kSearchShare = 0.75;   // of the time; what is left is for the finalists
constexpr std::int64_t kChecked = 100;  // trials whose values are looked at before the first begins

std::int64_t epochs_of(std::int64_t step, std::int64_t epochs) {
  const std::int64_t share = step == 0 ? 5 : step == 1 ? 2 : 1;
  return std::max<std::int64_t>(1, (epochs + share - 1) / share);
}

bool better(const TuneResult& a, const TuneResult& b) {
  if (a.failure.empty() != b.failure.empty()) return a.failure.empty();
  const bool a_final = a.step == kTuneSteps, b_final = b.step == kTuneSteps;
  if (a_final != b_final) return a_final;
  if (a.score != b.score) return a.score > b.score;
  if (a.step != b.step) return a.step > b.step;
  return a.trial < b.trial;
}

class Search {
 public:
  Search(const Trial& trial, const std::vector<Parameter>& space, const TuneSettings& settings,
         const std::vector<TuneResult>& known, TuneObserver& observer)
      : trial_(trial),
        space_(space),
        settings_(settings),
        observer_(observer),
        threads_(settings.threads > 0 ? settings.threads : default_threads()) {
    const DescriptionSettings plain = settings_of(*trial.description, trial.overrides);
    seed_ = static_cast<std::uint64_t>(plain.seed);
    epochs_ = train_settings(plain, trial.train_rows.size()).epochs;
    metric_ = plain.metric;
    for (const TuneResult& result : known) known_[key(result)] = result;
  }

  std::vector<TuneResult> run() {
    const std::int64_t all =
        settings_.trials > 0 ? settings_.trials : std::numeric_limits<std::int64_t>::max();
    check(std::min(all, kChecked));
    for (std::int64_t first = 0; first < all && !stopped();) {
      const std::int64_t count = std::min(kGroup, all - first);
      run_group(first, count);
      first += count;
      if (space_.empty()) break;  // nothing to vary
    }
    rank_results(results_);
    deadline_ = settings_.seconds;
    compare_finalists();
    return std::move(results_);
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Key = std::tuple<std::int64_t, std::int64_t, bool>;  // trial, epochs, from several seeds

  static Key key(const TuneResult& r) { return {r.trial, r.epochs, r.step == kTuneSteps}; }

  bool late() const {
    return std::chrono::duration<double>(Clock::now() - start_).count() > deadline_;
  }
  bool stopped() const {
    const std::atomic<bool>* interrupt = trial_.options.interrupt;
    return late() || (interrupt != nullptr && interrupt->load());
  }

  Assignments values_of(std::int64_t number) const {
    if (number == 0) return {};
    return sample(space_, seed_, static_cast<std::uint64_t>(number));
  }

  // Each end of a range may do where two values together do not.
  void check(std::int64_t trials) const {
    for (std::int64_t number = 0; number < trials; ++number) {
      try {
        check_values(*trial_.description, trial_.overrides, values_of(number),
                     trial_.options.initial);
      } catch (const Error& e) {
        fail(number, e);
      }
    }
  }
  [[noreturn]] void fail(std::int64_t number, const Error& e) const {
    if (number == 0) throw e;
    const Diagnostic& first = e.diagnostics().front();
    const Error named(
        first.location,
        fmt::format("trial {}, {}: {}", number, to_string(values_of(number)), first.message),
        first.note);
    if (first.location.line == 0) throw named;
    throw named.in(trial_.description->file, trial_.description->source);
  }

  void run_group(std::int64_t first, std::int64_t count) {
    std::vector<std::int64_t> trials(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) trials[static_cast<std::size_t>(i)] = first + i;
    for (std::int64_t step = 0; step < kTuneSteps; ++step) {
      if (step > 0 && epochs_of(step, epochs_) == epochs_of(step - 1, epochs_)) {
        if (step < kTuneSteps - 1) continue;
      }
      std::vector<TuneResult> ended = run_step(trials, step);
      results_.insert(results_.end(), ended.begin(), ended.end());
      if (stopped()) return;
      std::erase_if(ended, [](const TuneResult& r) { return !r.failure.empty(); });
      if (ended.empty()) return;
      std::ranges::sort(ended, better);
      trials.clear();
      const std::size_t keep = std::max<std::size_t>(1, ended.size() / kKept);
      for (std::size_t i = 0; i < keep; ++i) trials.push_back(ended[i].trial);
      if (first == 0 && std::ranges::find(trials, 0) == trials.end()) trials.push_back(0);
    }
  }

  // The results of result_of(i); the observer hears of each at once. None: it was interrupted.
  template <class ResultOf>
  std::vector<std::optional<TuneResult>> in_parallel(std::size_t count, ResultOf result_of) {
    std::vector<std::optional<TuneResult>> ended(count);
    std::mutex mutex;
    run_in_parallel(count, threads_, [&](std::size_t i) {
      ended[i] = result_of(i);
      if (!ended[i]) return;
      const std::lock_guard lock(mutex);
      observer_.ended(*ended[i]);
    });
    return ended;
  }

  // The results of the trials that ended, in their order.
  std::vector<TuneResult> run_step(const std::vector<std::int64_t>& trials, std::int64_t step) {
    const std::int64_t epochs = epochs_of(step, epochs_);
    auto ended = in_parallel(trials.size(), [&](std::size_t i) {
      std::optional<TuneResult> result;
      const auto known = known_.find({trials[i], epochs, false});
      if (known != known_.end()) {
        result = known->second;
        result->step = step;
      } else if (!stopped()) {
        result = train_once(trials[i], step, epochs, seed_);
      }
      return result;
    });
    std::vector<TuneResult> results;
    for (auto& result : ended) {
      if (!result) continue;
      known_[key(*result)] = *result;
      results.push_back(std::move(*result));
    }
    return results;
  }

  // Trains the best trials and the description as it stands again, each for its best number of
  // epochs. If time runs out before all have ended, the earlier results decide.
  void compare_finalists() {
    std::vector<TuneResult> finalists;
    std::size_t others = 0;
    for (const TuneResult& result : results_) {
      if (!result.failure.empty() || !was_trained_fully(results_, result.trial)) continue;
      if (std::ranges::count(finalists, result.trial, &TuneResult::trial) > 0) continue;
      if (result.trial != 0 && others++ >= kFinalists) continue;
      finalists.push_back(result);
    }
    if (finalists.size() < 2) return;
    auto ended = in_parallel(finalists.size(), [&](std::size_t i) {
      TuneResult& finalist = finalists[i];
      finalist.step = kTuneSteps;
      const auto known = known_.find(key(finalist));
      return known != known_.end() ? known->second : train_again(finalist);
    });
    for (const auto& result : ended) {
      if (!result) return;
    }
    for (auto& result : ended) results_.push_back(std::move(*result));
    rank_results(results_);
  }

  // The mean of its score and of those from other seeds.
  std::optional<TuneResult> train_again(TuneResult mean) {
    for (std::int64_t i = 1; i < kTuneSeeds; ++i) {
      if (stopped()) return std::nullopt;
      const std::uint64_t seed = seed_ + static_cast<std::uint64_t>(i);
      auto once = train_once(mean.trial, mean.step, mean.epochs, seed);
      if (!once) return std::nullopt;
      if (!once->failure.empty()) return once;
      mean.score += once->score;
      mean.accuracy += once->accuracy;
      mean.macro_f1 += once->macro_f1;
      mean.loss += once->loss;
    }
    for (double* sum : {&mean.score, &mean.accuracy, &mean.macro_f1, &mean.loss}) {
      *sum /= static_cast<double>(kTuneSeeds);
    }
    return mean;
  }

  std::optional<TuneResult> train_once(std::int64_t number, std::int64_t step, std::int64_t epochs,
                                       std::uint64_t seed) {
    TuneResult result;
    result.trial = number;
    result.step = step;
    result.epochs = epochs;
    result.values = values_of(number);
    Trial trial = trial_;
    for (const auto& [path, value] : result.values) trial.overrides.set(path, value);
    trial.overrides.set("train.epochs", result.epochs);
    if (seed != seed_) trial.overrides.set("train.seed", static_cast<std::int64_t>(seed));
    std::atomic<bool> interrupt{false};
    trial.options.interrupt = &interrupt;
    Watch watch(*this, interrupt);
    try {
      const FitResult fitted = fit(trial, watch);
      if (fitted.interrupted) return std::nullopt;
      result.ended = fitted.epochs;
      result.best_epoch = fitted.best_epoch;
      result.averaged = fitted.averaged;
      const Evaluation chosen = fitted.valid.value_or(Evaluation{});
      result.score = score(chosen, shown_measure(metric_, chosen.metrics.multi_label));
      result.accuracy = chosen.metrics.accuracy;
      result.macro_f1 = chosen.metrics.macro.f1;
      result.loss = chosen.loss.value_or(0);  // fit() refuses validation without a known label
    } catch (const TrainingFailed& e) {
      if (number == 0 && step < kTuneSteps) throw;
      result.score = kFailed;
      result.failure = e.diagnostics().front().message;
    } catch (const Error& e) {
      fail(number, e);
    }
    return result;
  }

  // Ends a trial when the time is over.
  class Watch : public FitObserver {
   public:
    Watch(const Search& search, std::atomic<bool>& interrupt)
        : search_(search), interrupt_(interrupt) {}
    void stepped(std::int64_t, std::size_t, double) override {
      if (search_.stopped()) interrupt_ = true;
    }

   private:
    const Search& search_;
    std::atomic<bool>& interrupt_;
  };

  const Trial& trial_;
  const std::vector<Parameter>& space_;
  const TuneSettings& settings_;
  TuneObserver& observer_;
  int threads_;
  std::uint64_t seed_ = 0;
  std::int64_t epochs_ = 0;
  BestBy metric_ = BestBy::automatic;
  std::map<Key, TuneResult> known_;
  std::vector<TuneResult> results_;
  double deadline_ = kSearchShare * settings_.seconds;
  Clock::time_point start_ = Clock::now();
};

Attr attr_of(const nlohmann::json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  return value.get<std::string>();
}

}  // namespace

void rank_results(std::vector<TuneResult>& results) { std::ranges::sort(results, better); }

std::vector<TuneResult> tune(const Trial& trial, const std::vector<Parameter>& space,
                             const TuneSettings& settings, const std::vector<TuneResult>& known,
                             TuneObserver& observer) {
  return Search(trial, space, settings, known, observer).run();
}

bool was_trained_fully(const std::vector<TuneResult>& results, std::int64_t trial) {
  return std::ranges::any_of(results, [&](const TuneResult& r) {
    return r.trial == trial && r.step >= kTuneSteps - 1 && r.failure.empty();
  });
}

Assignments final_values(const TuneResult& result, const Trial& trial, bool fully) {
  if (!fully) return result.values;
  Overrides overrides = trial.overrides;
  for (const auto& [path, value] : result.values) overrides.set(path, value);
  const DescriptionSettings settings = settings_of(*trial.description, overrides);
  // If the learning rate depends on the length of the run, the run keeps its length.
  const LearningRateSchedule& schedule = settings.schedule;
  const bool constant =
      schedule.shape == ScheduleShape::constant && (schedule.warmup == 0 || schedule.warmup >= 1);
  const std::int64_t scored = result.averaged > 0 ? result.ended : result.best_epoch;
  Assignments values = result.values;
  values.emplace_back("train.epochs", constant ? scored : result.epochs);
  // Without validation data the mean of the last epochs is always taken.
  if (settings.average != result.averaged) values.emplace_back("train.average", result.averaged);
  return values;
}

std::string to_json(const TuneResult& r) {
  nlohmann::ordered_json json{{"trial", r.trial},
                              {"step", r.step},
                              {"epochs", r.epochs},
                              {"ended", r.ended},
                              {"best_epoch", r.best_epoch},
                              {"averaged", r.averaged},
                              {"score", r.score},
                              {"accuracy", r.accuracy},
                              {"macro_f1", r.macro_f1},
                              {"loss", r.loss},
                              {"set", nlohmann::ordered_json::object()}};
  for (const auto& [path, value] : r.values) {
    std::visit([&, &name = path](const auto& v) { json["set"][name] = v; }, value);
  }
  if (!r.failure.empty()) json["failure"] = r.failure;
  return json.dump();
}

TuneResult parse_tune_result(std::string_view text) {
  try {
    const auto json = nlohmann::ordered_json::parse(text);
    TuneResult r;
    r.trial = json.at("trial").get<std::int64_t>();
    r.step = json.at("step").get<std::int64_t>();
    r.epochs = json.at("epochs").get<std::int64_t>();
    r.ended = json.at("ended").get<std::int64_t>();
    r.best_epoch = json.at("best_epoch").get<std::int64_t>();
    r.averaged = json.at("averaged").get<std::int64_t>();
    r.score = json.at("score").get<double>();
    r.accuracy = json.at("accuracy").get<double>();
    r.macro_f1 = json.at("macro_f1").get<double>();
    r.loss = json.at("loss").get<double>();
    for (const auto& [path, value] : json.at("set").items()) {
      r.values.emplace_back(path, attr_of(value));
    }
    r.failure = json.value("failure", "");
    return r;
  } catch (const nlohmann::json::exception& e) {
    throw Error(fmt::format("not a result of a trial: {}", e.what()));
  }
}

std::string score_text(const TuneResult& r) {
  return !r.failure.empty() ? "failed" : fmt::format("{:.4f}", r.score);
}

std::string leaderboard(const std::vector<TuneResult>& results, std::size_t rows) {
  TextTable table;
  table.add({"values", "trial", "seeds", "epochs", "best", "score", "accuracy", "macro F1"});
  for (std::size_t i = 0; i < std::min(rows, results.size()); ++i) {
    const TuneResult& r = results[i];
    const std::string values = r.trial == 0 ? "the description as it stands" : to_string(r.values);
    table.add(
        {values, fmt::format("{}", r.trial),
         fmt::format("{}", r.step == kTuneSteps ? kTuneSeeds : 1), fmt::format("{}", r.epochs),
         r.averaged > 0 ? fmt::format("mean of {}", r.averaged) : fmt::format("{}", r.best_epoch),
         score_text(r), fmt::format("{:.4f}", r.accuracy), fmt::format("{:.4f}", r.macro_f1)});
  }
  std::string text = table.str();
  for (const TuneResult& r : results) {
    if (r.failure.empty()) continue;
    text += fmt::format("trial {} failed, {}: {}\n", r.trial, to_string(r.values), r.failure);
  }
  return text;
}

}  // namespace weft
