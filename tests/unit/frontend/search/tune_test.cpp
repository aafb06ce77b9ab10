// Tuning: a search that is the same whatever the threads and wherever it was cut short.
#include "frontend/search/tune.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "frontend/data/split.h"
#include "frontend/search/final_values.h"
#include "frontend/search/trials_file.h"
#include "ir/file.h"
#include "tests/support/small_model.h"
#include "tests/support/temporary_file.h"
#include "tests/support/tuned_model.h"

namespace weft {
namespace {

using test::small_corpus;

class Kept : public TuneObserver {
 public:
  void ended(const TuneResult& result) override { results.push_back(result); }
  std::vector<TuneResult> results;
};

std::string lines(const std::vector<TuneResult>& results) {
  std::string text;
  for (const TuneResult& result : results) text += to_json(result) + "\n";
  return text;
}

struct Searched {
  Description model = described("tune width=range(4, 16) rate=log(0.003, 0.03)\n");
  Corpus corpus = small_corpus();
  Split split = stratified_split(corpus, 0.3, 1);

  Trial trial() const {
    Trial trial;
    trial.description = &model;
    trial.corpus = &corpus;
    return trial;
  }
  std::vector<TuneResult> run(int threads, const std::vector<TuneResult>& known = {}) {
    TuneSettings settings;
    settings.trials = 11;
    settings.threads = threads;
    const std::vector<Candidate> candidates{{"", trial(), {split}, search_space(model, {})}};
    return tune(candidates, settings, known, observer);
  }
  Kept observer;
};

TEST_CASE("the search is the same on one thread and on three, and after it was cut short") {
  Searched one;
  const auto results = one.run(1);
  // A group of nine: 9, 3 or 4 with trial 0, 1 or 2; a group of two: 2, 1, 1; in the end 2 to 4.
  CHECK(results.size() >= 9 + 3 + 1 + 4 + 2);
  CHECK(results.size() <= 9 + 4 + 2 + 4 + 4);
  CHECK(std::ranges::count(results, 0, &TuneResult::trial) == kTuneSteps + 1);
  const auto finalists =
      static_cast<std::size_t>(std::ranges::count(results, kTuneSteps, &TuneResult::step));
  CHECK(finalists >= 2);
  for (std::size_t i = 0; i < finalists; ++i) {
    CHECK(std::ranges::any_of(results, [&](const TuneResult& r) {
      return r.trial == results[i].trial && r.step == kTuneSteps - 1;
    }));
  }
  for (std::size_t i = 1; i < results.size(); ++i) {
    CHECK((results[i].step == kTuneSteps) == (i < finalists));
    if (i == finalists) continue;
    CHECK(results[i].score <= results[i - 1].score);
    if (results[i].score == results[i - 1].score) CHECK(results[i].step <= results[i - 1].step);
  }

  Searched three;
  CHECK(lines(three.run(3)) == lines(results));

  std::vector<TuneResult> known;  // the first seven, as they come back from a file
  for (std::size_t i = 0; i < 7; ++i) {
    known.push_back(parse_tune_result(to_json(one.observer.results[i])));
  }
  Searched resumed;
  CHECK(lines(resumed.run(2, known)) == lines(results));
}

// Two descriptions that compete on the small corpus.
struct Competing : Searched {
  Description other = parse_description(
      "model other\ntext tokenizer=whitespace\nx = embedding(text, width=4)\n"
      "output softmax(x | mean_pool | linear(labels))\ntrain adam(rate=0.01) batch=8 epochs=6\n",
      "other.model");

  std::vector<TuneResult> compete(int threads, std::int64_t trials,
                                  const std::vector<TuneResult>& known = {}) {
    Trial second = trial();
    second.description = &other;
    const std::vector<Candidate> candidates{{"first", trial(), {split}, search_space(model, {})},
                                            {"second", second, {split}, search_space(other, {})}};
    return tune(candidates, {.trials = trials, .threads = threads}, known, observer);
  }
};

TEST_CASE("descriptions compete: each as it stands first, then what is promising") {
  Competing one;
  const auto results = one.compete(1, 13);
  for (std::size_t i = 0; i < one.observer.results.size(); ++i) {
    const TuneResult& r = one.observer.results[i];
    CHECK(r.values.empty() == (r.trial < 2));
    if (i < 6) {  // three steps each
      CHECK(r.starter == (i < 3 ? "first" : "second"));
      CHECK(r.trial == (i < 3 ? 0 : 1));
    }
  }
  std::set<std::int64_t> trials;
  for (const TuneResult& r : results) {
    trials.insert(r.trial);
    CHECK(tried_text(r).starts_with(r.starter));
    // The values are those of its own description.
    for (const auto& [path, value] : r.values) {
      CHECK((path == "train.rate" || (path == "width") == (r.starter == "first")));
    }
  }
  CHECK(trials.size() == 13);
  CHECK(results.front().step == kTuneSteps);
  // Of the two as they stand the better alone is a finalist.
  CHECK(std::ranges::count_if(results, [](const TuneResult& r) {
          return r.step == kTuneSteps && r.values.empty();
        }) == 1);

  Competing three;
  CHECK(lines(three.compete(3, 13)) == lines(results));
  for (const std::size_t cut : {1UL, 5UL, 9UL}) {
    std::vector<TuneResult> known;
    for (std::size_t i = 0; i < cut; ++i) {
      known.push_back(parse_tune_result(to_json(one.observer.results[i])));
    }
    Competing resumed;
    CHECK(lines(resumed.compete(2, 13, known)) == lines(results));
  }
  CHECK(Competing().compete(1, 1).size() == kTuneSteps);
}

TEST_CASE("a description that fails does not end the search of several") {
  Competing wild;
  wild.other = parse_description(
      wild.other.source.replace(wild.other.source.find("adam(rate=0.01)"), 15, "sgd(rate=1e6)"));
  const auto results = wild.compete(1, 11);
  CHECK(results.front().starter == "first");
  CHECK(std::ranges::any_of(results, [](const TuneResult& r) {
    return r.trial == 1 && r.starter == "second" && !r.failure.empty();
  }));
  for (const TuneResult& r : results) CHECK((r.trial < 2 || r.starter == "first"));
}

TEST_CASE("candidates are promising that chance alone may put below the best") {
  std::vector<Candidate> candidates(3);
  for (std::size_t i = 0; i < 3; ++i) candidates[i].starter = fmt::format("{}", i);
  candidates.front().splits.resize(1);
  candidates.front().splits.front().valid.resize(100);  // at 0.8 a standard error is 0.04
  const auto result = [](const char* starter, double accuracy, std::int64_t step = 2) {
    TuneResult r;
    r.starter = starter;
    r.step = step;
    r.score = r.accuracy = accuracy;
    return r;
  };
  using Places = std::vector<std::size_t>;
  CHECK(promising(candidates, {}) == Places{0});
  CHECK(promising(candidates, {result("0", 0.7), result("1", 0.8), result("2", 0.75)}) ==
        Places{1});
  CHECK(promising(candidates, {result("0", 0.77), result("1", 0.8), result("2", 0.75)}) ==
        Places{1, 0});
  // The best of each counts, whatever its step; failures do not.
  TuneResult failed = result("2", 0.9);
  failed.failure = "the loss became infinite";
  CHECK(promising(candidates, {result("0", 0.79, 0), result("0", 0.5), result("1", 0.8), failed}) ==
        Places{1, 0});
  CHECK(promising(candidates, {failed}) == Places{0});
}

TEST_CASE("trained without validation by that, the best has the weights that scored") {
  std::set<std::string> how;
  for (const char* train : {"epochs=5", "epochs=5 average=3", "epochs=12 average=2 patience=1",
                            "epochs=12 patience=1"}) {
    Searched once;
    std::string source = once.model.source.substr(0, once.model.source.find("tune"));
    once.model = parse_description(source.replace(source.find("epochs=5"), 8, train));
    Trial trial;
    trial.description = &once.model;
    trial.corpus = &once.corpus;
    trial.train_rows = once.split.train;
    trial.valid_rows = once.split.valid;
    Kept kept;
    const std::vector<Candidate> candidates{{"", trial, {once.split}, {}}};
    const auto results = tune(candidates, {.trials = 1, .threads = 1}, {}, kept);
    FitObserver silent;
    const Plan scored = fit(trial, silent).plan;
    const Assignments values = final_values(results.front(), trial);
    for (const auto& [path, value] : values) trial.overrides.set(path, value);
    trial.valid_rows.clear();
    const Plan again = fit(trial, silent).plan;
    for (const PlanTensor& tensor : scored.tensors) {
      if (tensor.role != Role::param) continue;
      CHECK(std::ranges::equal(tensor.bytes, again.tensor(tensor.name)->bytes));
    }
    how.insert(results.front().averaged > 0 ? "mean" : "epoch");
  }
  CHECK(how.size() == 2);
}

TEST_CASE("a trial that fails says why, goes no further and is no reason to stop") {
  Searched wild;
  const std::string source = described("tune rate=choice(1e6, 0.1)\n").source;
  const std::size_t at = source.find("adam(rate=0.01)");
  wild.model = parse_description(std::string(source).replace(at, 15, "sgd(rate=0.1)"));
  const auto results = wild.run(1);
  std::size_t failed = 0;
  for (const TuneResult& r : results) {
    if (r.failure.empty()) continue;
    ++failed;
    CHECK(r.step == 0);
    CHECK(r.failure.find("the loss became") != std::string::npos);
    CHECK(parse_tune_result(to_json(r)).failure == r.failure);
    CHECK(leaderboard(results, 3).find(fmt::format("trial {} failed", r.trial)) !=
          std::string::npos);
  }
  CHECK(failed > 0);
  CHECK(results.front().failure.empty());
}

TEST_CASE("values that make no description end the search before the first trial") {
  Searched odd;
  odd.model = parse_description(
      odd.model.source.replace(odd.model.source.find("channels=6"), 10, "channels=width / 4"),
      "small.model");  // 4 and 16 do, most between do not
  try {
    odd.run(1);
    CHECK(false);
  } catch (const Error& e) {
    CHECK(std::string_view(e.what()).find("small.model:6") != std::string_view::npos);
    CHECK(std::string_view(e.what()).find("width=") != std::string_view::npos);
  }
  CHECK(odd.observer.results.empty());
}

TEST_CASE("the mean over three seeds decides in the end") {
  Searched searched;
  const TuneResult best = searched.run(1).front();
  REQUIRE(best.step == kTuneSteps);
  double sum = 0;
  for (std::int64_t seed = 1; seed <= kTuneSeeds; ++seed) {  // 1 is the default
    Trial trial = searched.trial();
    trial.train_rows = searched.split.train;
    trial.valid_rows = searched.split.valid;
    for (const auto& [path, value] : best.values) trial.overrides.set(path, value);
    trial.overrides.set("train.epochs", best.epochs);
    trial.overrides.set("train.seed", seed);
    FitObserver silent;
    sum += fit(trial, silent).valid->metrics.accuracy;
  }
  CHECK(best.score == doctest::Approx(sum / kTuneSeeds).epsilon(1e-12));
}

TEST_CASE("a trial's score is the mean over the splits") {
  Searched searched;
  Candidate candidate{"", searched.trial(), {}, {}};
  double sum = 0, best_epochs = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    candidate.splits.push_back(stratified_split(searched.corpus, 0.3, seed));
    Trial trial = searched.trial();
    trial.train_rows = candidate.splits.back().train;
    trial.valid_rows = candidate.splits.back().valid;
    FitObserver silent;
    const FitResult fitted = fit(trial, silent);
    sum += fitted.valid->metrics.accuracy;
    best_epochs += static_cast<double>(fitted.best_epoch);
  }
  CHECK(candidate.splits[0].valid != candidate.splits[1].valid);
  CHECK(chosen_on(candidate.splits) == 3 * candidate.splits[0].valid.size());
  Kept kept;
  const auto results = tune(std::span(&candidate, 1), {.trials = 1, .threads = 1}, {}, kept);
  CHECK(results.front().accuracy == doctest::Approx(sum / 3).epsilon(1e-12));
  CHECK(results.front().best_epoch == std::llround(best_epochs / 3));
}

TEST_CASE("a trial knows the labels of its training texts only, as the plan that is written does") {
  std::vector<Example> examples;
  for (std::size_t i = 0; i < 20; ++i) {
    const bool held_out = i >= 10;
    examples.push_back({"w", {held_out && i % 2 == 0 ? "10" : i % 3 == 0 ? "9" : "x"}, i + 1});
  }
  const Corpus corpus(examples);
  const Description model = described("");
  Trial trial;
  trial.description = &model;
  trial.corpus = &corpus;
  for (std::uint32_t row = 0; row < 20; ++row) {
    (row < 10 ? trial.train_rows : trial.valid_rows).push_back(row);
  }
  FitObserver silent;
  const FitResult result = fit(trial, silent);
  CHECK(result.plan.labels == std::vector<std::string>{"9", "x"});
  CHECK(result.valid->metrics.classes.size() == 3);
  const CorpusView valid(corpus, trial.valid_rows);
  CHECK(result.valid->metrics.accuracy == evaluate(result.plan, valid).metrics.accuracy);
  CHECK(result.valid->metrics.accuracy <= 0.5);
  // The same bytes as from a file of these texts alone.
  const Corpus alone(std::span<const Example>(examples).first(10));
  const FitData data{alone, CorpusView(corpus, trial.valid_rows)};
  const Plan same = fit(model, {}, data, trial.options, silent).plan;
  REQUIRE(same.tensors.size() == result.plan.tensors.size());
  for (std::size_t i = 0; i < same.tensors.size(); ++i) {
    CHECK(std::ranges::equal(same.tensors[i].bytes, result.plan.tensors[i].bytes));
  }
}

TEST_CASE("what one epoch taught is not taught again") {
  Searched once;
  const std::size_t at = once.model.source.find("epochs=5");
  once.model = parse_description(std::string(once.model.source).replace(at, 8, "epochs=1"));
  for (const TuneResult& result : once.run(1)) {
    if (result.step == 0 || result.step == kTuneSteps) continue;
    const auto first = std::ranges::find(once.observer.results, result.trial, &TuneResult::trial);
    TuneResult same = *first;
    same.step = result.step;
    CHECK(to_json(same) == to_json(result));
  }
}

TEST_CASE("the trials' file goes on, is never lost, and a damaged line has a place") {
  const TemporaryFile file("x.trials.jsonl", "");
  TuneResult result;
  {
    TrialsFile trials(file.path(), "head", /*resume=*/false);
    trials.add(result);
  }
  CHECK(TrialsFile(file.path(), "head", true).known().size() == 1);
  CHECK_THROWS_WITH_AS(TrialsFile(file.path(), "other", true), doctest::Contains("other flags"),
                       Error);
  CHECK(TrialsFile(file.path(), "head", false).kept_old());
  CHECK(TrialsFile(file.path() + ".old", "head", true).known().size() == 1);
  write_file(file.path(), "head\n" + to_json(result) + "\n{\"trial\": 1}\n{\"tri");
  CHECK_THROWS_WITH_AS(TrialsFile(file.path(), "head", true),
                       doctest::Contains((file.path() + ":3: not a result").c_str()), Error);
}

}  // namespace
}  // namespace weft
