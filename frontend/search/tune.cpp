// The search. Only the results of complete steps decide which trials train on, and for how long.
#include "frontend/search/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "frontend/search/candidate.h"
#include "frontend/search/run_in_parallel.h"
#include "frontend/search/search_time.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

constexpr std::int64_t kGroup = 9;
constexpr double kFailed = std::numeric_limits<double>::lowest();  // a score, below all others
constexpr std::int64_t kKept = 3;       // of a step: one in so many goes on
constexpr std::size_t kFinalists = 3;   // beside the description as it stands
constexpr double kSearchShare = 0.75;   // of the time; what is left is for the finalists
constexpr double kFirstShare = 0.5;     // of it, for candidates as they stand, if there are several
constexpr std::int64_t kChecked = 100;  // trials whose values are looked at before the first begins

std::int64_t epochs_of(std::int64_t step, std::int64_t epochs) {
  const std::int64_t share = step == 0 ? 5 : step == 1 ? 2 : 1;
  return std::max<std::int64_t>(1, (epochs + share - 1) / share);
}

class Search {
 public:
  Search(std::span<const Candidate> candidates, const TuneSettings& settings,
         const std::vector<TuneResult>& known, TuneObserver& observer)
      : candidates_(candidates),
        settings_(settings),
        observer_(observer),
        threads_(settings.threads > 0 ? settings.threads : default_threads()),
        defaults_(static_cast<std::int64_t>(candidates.size())),
        all_(settings.trials > 0 ? settings.trials : std::numeric_limits<std::int64_t>::max()) {
    for (const Candidate& candidate : candidates) {
      const Trial& trial = candidate.trial;
      plain_.push_back(settings_of(*trial.description, trial.overrides));
      plain_.back().epochs =
          train_settings(plain_.back(), candidate.splits.front().train.size()).epochs;
    }
    for (const TuneResult& result : known) {
      const std::size_t candidate = candidate_of(candidates, result);
      if (candidate == candidates.size()) continue;
      known_[key(result)] = result;
      of_.emplace(result.trial, candidate);
    }
  }

  // As the finalists often take less time than is left for them, the search goes on after them
  // while there is time.
  std::vector<TuneResult> run() {
    check(std::min(all_, kChecked));
    std::size_t before = 0;
    do {
      before = results_.size();
      deadline_ = time_.seconds() + kSearchShare * (end() - time_.seconds());
      run_groups();
      deadline_ = end();
      compare_finalists();
    } while (!exhausted_ && !stopped() && results_.size() > before);
    for (auto& [trial, result] : finals_) results_.push_back(std::move(result));
    rank_results(results_);
    keep_plain(candidates_, results_);
    return std::move(results_);
  }

 private:
  using Key = std::tuple<std::int64_t, std::int64_t, bool>;  // trial, epochs, from several seeds

  static Key key(const TuneResult& r) { return {r.trial, r.epochs, r.step == kTuneSteps}; }
  bool is_default(std::int64_t number) const { return number < defaults_; }

  // When the search must be over, so that the best can still be trained on all of the data.
  double end() const {
    const auto best = std::ranges::min_element(results_, is_better);
    if (best == results_.end()) return time_.end();
    return time_.end(best->trial, epochs_at(best->trial, kTuneSteps - 1));
  }
  bool stopped() const {
    const std::atomic<bool>* interrupt = candidates_.front().trial.options.interrupt;
    return time_.seconds() > deadline_ || (interrupt != nullptr && interrupt->load());
  }

  Assignments values_of(std::size_t candidate, std::int64_t number) const {
    if (is_default(number)) return {};
    return sample(candidates_[candidate].space, seed_of(candidate),
                  static_cast<std::uint64_t>(number));
  }

  std::uint64_t seed_of(std::size_t candidate) const {
    return static_cast<std::uint64_t>(plain_[candidate].seed);
  }
  std::int64_t epochs_at(std::int64_t number, std::int64_t step) const {
    return epochs_of(step, plain_[of_.at(number)].epochs);
  }

  // Each end of a range may do where two values together do not.
  void check(std::int64_t trials) const {
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const Trial& trial = candidates_[i].trial;
      for (std::int64_t number = 0; number < trials; ++number) {
        if (is_default(number) && std::cmp_not_equal(number, i)) continue;
        try {
          check_values(*trial.description, trial.overrides, values_of(i, number),
                       trial.options.initial);
        } catch (const Error& e) {
          fail(i, number, e);
        }
      }
    }
  }
  [[noreturn]] void fail(std::size_t candidate, std::int64_t number, const Error& e) const {
    const Diagnostic& first = e.diagnostics().front();
    const std::string& starter = candidates_[candidate].starter;
    if (is_default(number) && first.location.line == 0 && !starter.empty()) {
      throw Error(fmt::format("the starter `{}`: {}", starter, first.message), first.note);
    }
    if (is_default(number)) throw e;
    const Error named(first.location,
                      fmt::format("trial {}, {}: {}", number,
                                  to_string(values_of(candidate, number)), first.message),
                      first.note);
    if (first.location.line == 0) throw named;
    const Description& description = *candidates_[candidate].trial.description;
    throw named.in(description.file, description.source);
  }

  void run_groups() {
    while (next_ < all_ && !stopped()) {
      const bool competes = next_ == 0 && candidates_.size() > 1;
      const std::int64_t count = std::min(competes ? defaults_ : kGroup, all_ - next_);
      assign(next_, count);
      if (competes) {
        run_defaults(count);
      } else {
        run_group(next_, count);
      }
      if (stopped()) return;  // the next round goes on with this group
      next_ += count;
      if (std::ranges::all_of(candidates_, [](const Candidate& c) { return c.space.empty(); })) {
        exhausted_ = true;  // nothing to vary
        return;
      }
    }
    exhausted_ = next_ >= all_;
  }

  // Says which candidate each trial of a group is of; an earlier run may have decided.
  void assign(std::int64_t first, std::int64_t count) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < candidates_.size(); ++i) order.push_back(i);
    if (first > 0) order = promising(candidates_, results_);
    for (std::int64_t i = 0; i < count; ++i) {
      of_.try_emplace(first + i, order[static_cast<std::size_t>(i) % order.size()]);
    }
  }

  // A candidate that is slow to train must not take all the time: what it has reached by then
  // counts, unless none has come to anything.
  void run_defaults(std::int64_t count) {
    const double deadline = deadline_;
    deadline_ = time_.seconds() + kFirstShare * (deadline - time_.seconds());
    train_defaults(count);
    deadline_ = deadline;
    if (results_.empty()) train_defaults(count);
  }

  // Candidates as they stand, which all take every step, do not wait for one another.
  void train_defaults(std::int64_t count) {
    std::vector<std::vector<TuneResult>> ended(static_cast<std::size_t>(count));
    run_in_parallel(ended.size(), threads_, [&](std::size_t i) {
      for (std::int64_t step = 0; step < kTuneSteps; ++step) {
        auto result = run_trial(static_cast<std::int64_t>(i), step);
        if (!result) return;
        ended[i].push_back(std::move(*result));
        if (!ended[i].back().failure.empty()) return;
      }
    });
    for (const auto& results : ended) list(results);
  }

  void run_group(std::int64_t first, std::int64_t count) {
    std::vector<std::int64_t> trials(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) trials[static_cast<std::size_t>(i)] = first + i;
    for (std::int64_t step = 0; step < kTuneSteps; ++step) {
      const bool same = step > 0 && std::ranges::all_of(trials, [&](std::int64_t trial) {
                          return epochs_at(trial, step) == epochs_at(trial, step - 1);
                        });
      if (same && step < kTuneSteps - 1) continue;
      std::vector<TuneResult> ended = run_step(trials, step);
      list(ended);
      if (stopped()) return;
      std::erase_if(ended, [](const TuneResult& r) { return !r.failure.empty(); });
      if (ended.empty()) return;
      std::ranges::sort(ended, is_better);
      trials.clear();
      const std::size_t keep = std::max<std::size_t>(1, ended.size() / kKept);
      for (std::size_t i = 0; i < ended.size(); ++i) {
        if (i < keep || is_default(ended[i].trial)) trials.push_back(ended[i].trial);
      }
    }
  }

  // Each once, and in an order that does not depend on the threads.
  void list(const std::vector<TuneResult>& ended) {
    for (const TuneResult& result : ended) {
      if (listed_.insert({result.trial, result.step}).second) results_.push_back(result);
    }
  }
  // The result of a trial at a step. None: it was interrupted.
  std::optional<TuneResult> run_trial(std::int64_t trial, std::int64_t step) {
    const std::int64_t epochs = epochs_at(trial, step);
    std::optional<TuneResult> result = known({trial, epochs, false});
    if (result) {
      result->step = step;
    } else if (!stopped() && fits(trial, epochs, 1)) {
      result = train_once(trial, step, epochs, seed_of(of_.at(trial)));
    }
    if (result) remember(*result);
    return result;
  }
  std::optional<TuneResult> known(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto at = known_.find(key);
    return at == known_.end() ? std::nullopt : std::optional(at->second);
  }
  void remember(const TuneResult& result) {
    const std::lock_guard lock(mutex_);
    known_[key(result)] = result;
    if (told_.insert({result.trial, result.step}).second) observer_.ended(result);
  }

  // False where `times` trainings of a trial, by what it took before, would be cut short.
  bool fits(std::int64_t trial, std::int64_t epochs, double times) {
    const std::lock_guard lock(mutex_);
    const std::optional<double> once = time_.expected(trial, epochs);
    const auto splits = static_cast<double>(candidates_[of_.at(trial)].splits.size());
    return !once || time_.seconds() + times * splits * *once <= deadline_;
  }

  // The results of the trials that ended, in their order.
  std::vector<TuneResult> run_step(const std::vector<std::int64_t>& trials, std::int64_t step) {
    std::vector<std::optional<TuneResult>> ended(trials.size());
    run_in_parallel(trials.size(), threads_,
                    [&](std::size_t i) { ended[i] = run_trial(trials[i], step); });
    std::vector<TuneResult> results;
    for (auto& result : ended) {
      if (result) results.push_back(std::move(*result));
    }
    return results;
  }

  // Trains the best trials and the best description as it stands again, each for its best number of
  // epochs. If time runs out before all have ended, the earlier results decide.
  void compare_finalists() {
    rank_results(results_);
    std::vector<TuneResult> finalists;
    std::size_t defaults = 0;
    std::size_t others = 0;
    for (const TuneResult& result : results_) {
      if (!result.failure.empty() || !was_trained_fully(results_, result.trial)) continue;
      if (std::ranges::count(finalists, result.trial, &TuneResult::trial) > 0) continue;
      if (is_default(result.trial) ? defaults++ > 0 : others++ >= kFinalists) continue;
      finalists.push_back(result);
    }
    if (finalists.size() < 2) return;
    std::vector<std::optional<TuneResult>> ended(finalists.size());
    run_in_parallel(finalists.size(), threads_, [&](std::size_t i) {
      finalists[i].step = kTuneSteps;
      ended[i] = known(key(finalists[i]));
      if (!ended[i]) ended[i] = train_again(finalists[i]);
      if (ended[i]) remember(*ended[i]);
    });
    if (!std::ranges::all_of(ended, &std::optional<TuneResult>::has_value)) return;
    for (auto& result : ended) finals_[result->trial] = std::move(*result);
  }

  // The mean of its score and of those from other seeds.
  std::optional<TuneResult> train_again(TuneResult mean) {
    if (!fits(mean.trial, mean.epochs, kTuneSeeds - 1)) return std::nullopt;
    std::vector<TuneResult> results{mean};
    for (std::int64_t i = 1; i < kTuneSeeds; ++i) {
      if (stopped()) return std::nullopt;
      const std::uint64_t seed = seed_of(of_.at(mean.trial)) + static_cast<std::uint64_t>(i);
      auto once = train_once(mean.trial, mean.step, mean.epochs, seed);
      if (!once) return std::nullopt;
      if (!once->failure.empty()) return once;
      results.push_back(std::move(*once));
    }
    average_scores(mean, results);
    return mean;
  }

  // The mean over the splits.
  std::optional<TuneResult> train_once(std::int64_t number, std::int64_t step, std::int64_t epochs,
                                       std::uint64_t seed) {
    const Candidate& of = candidates_[of_.at(number)];
    TuneResult blank;
    blank.trial = number;
    blank.starter = of.starter;
    blank.step = step;
    blank.epochs = epochs;
    blank.values = values_of(of_.at(number), number);
    std::vector<TuneResult> results;
    for (const Split& split : of.splits) {
      auto once = train_on(split, blank, seed);
      if (!once || !once->failure.empty()) return once;
      results.push_back(std::move(*once));
    }
    return mean_of_splits(results);
  }

  std::optional<TuneResult> train_on(const Split& split, TuneResult result, std::uint64_t seed) {
    const std::size_t of = of_.at(result.trial);
    Trial trial = candidates_[of].trial;
    trial.train_rows = split.train;
    trial.valid_rows = split.valid;
    for (const auto& [path, value] : result.values) trial.overrides.set(path, value);
    trial.overrides.set("train.epochs", result.epochs);
    if (seed != seed_of(of)) trial.overrides.set("train.seed", static_cast<std::int64_t>(seed));
    std::atomic<bool> interrupt{false};
    trial.options.interrupt = &interrupt;
    Watch watch(*this, interrupt);
    const double began = time_.seconds();
    try {
      const FitResult fitted = fit(trial, watch);
      if (fitted.interrupted) return std::nullopt;
      result.ended = fitted.epochs;
      result.best_epoch = fitted.best_epoch;
      result.averaged = fitted.averaged;
      const Evaluation chosen = fitted.valid.value_or(Evaluation{});
      result.score = score(chosen, shown_measure(plain_[of].metric, chosen.metrics.multi_label));
      result.accuracy = chosen.metrics.accuracy;
      result.macro_f1 = chosen.metrics.macro.f1;
      result.loss = chosen.loss.value_or(0);  // fit() refuses validation without a known label
    } catch (const TrainingFailed& e) {
      if (candidates_.size() == 1 && result.trial == 0 && result.step < kTuneSteps) throw;
      result.score = kFailed;
      result.failure = e.diagnostics().front().message;
    } catch (const Error& e) {
      fail(of, result.trial, e);
    }
    const std::lock_guard lock(mutex_);
    time_.took(result.trial, result.ended, time_.seconds() - began);
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

  std::span<const Candidate> candidates_;
  const TuneSettings& settings_;
  TuneObserver& observer_;
  int threads_;
  std::int64_t defaults_;                   // trials of candidates as they stand, which come first
  std::int64_t all_;                        // trials
  std::vector<DescriptionSettings> plain_;  // of the candidates as they stand, with all the epochs
  std::map<std::int64_t, std::size_t> of_;  // which candidate a trial is of
  std::int64_t next_ = 0;                   // the first trial of the group under way
  bool exhausted_ = false;                  // there is nothing left to try
  std::map<Key, TuneResult> known_;
  std::vector<TuneResult> results_;                                // but those of several seeds
  std::map<std::int64_t, TuneResult> finals_;                      // those, by trial
  std::set<std::pair<std::int64_t, std::int64_t>> listed_, told_;  // trial and step
  std::mutex mutex_;  // of what follows, and of the observer
  SearchTime time_{settings_.seconds};
  double deadline_ = settings_.seconds;
};

}  // namespace

std::vector<TuneResult> tune(std::span<const Candidate> candidates, const TuneSettings& settings,
                             const std::vector<TuneResult>& known, TuneObserver& observer) {
  return Search(candidates, settings, known, observer).run();
}

}  // namespace weft
