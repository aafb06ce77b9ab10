// Tuning: what may be written, what is drawn, what is put back into a description; and a search
// that is the same whatever the threads and wherever it was cut short.
#include "frontend/search/tune.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "frontend/data/split.h"
#include "frontend/search/trials_file.h"
#include "ir/file.h"
#include "tests/support/small_model.h"
#include "tests/support/source_folder.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

using test::small_corpus;

constexpr std::string_view kDescription =
    "model small  # the name stays\n"
    "text   tokenizer=whitespace max_tokens=12\n"
    "width  = 8     # so does this\n"
    "drop   = 0.2\n"
    "x      = embedding(text, width=width)\n"
    "a      = x | conv1d(channels=6, kernel=3) | relu | max_pool\n"
    "logits = a | dropout(drop) | linear(labels)\n"
    "output softmax(logits)\n"
    "train  adam(rate=0.01) batch=8 epochs=5\n";

Description described(std::string_view line) {
  return parse_description(std::string(kDescription) + std::string(line), "small.model");
}

TEST_CASE("ranges are read, and numbers drawn from them lie inside") {
  const Description model = described(
      "tune width=range(4, 20) rate=log(0.001, 0.1) tokenizer=choice(words, whitespace) "
      "drop=range(0.0, 0.5)\n");
  const auto space = search_space(model, {});
  REQUIRE(space.size() == 4);
  CHECK(space[1].path == "train.rate");
  CHECK(space[2].path == "text.tokenizer");
  std::set<std::string> words;
  int below = 0;
  for (std::uint64_t trial = 1; trial <= 400; ++trial) {
    const Assignments values = sample(space, 1, trial);
    CHECK(values == sample(space, 1, trial));
    const auto width = std::get<std::int64_t>(values[0].second);
    CHECK((width >= 4 && width <= 20));
    const double learning_rate = std::get<double>(values[1].second);
    CHECK((learning_rate >= 0.001 && learning_rate <= 0.1));
    below += learning_rate < 0.01;  // the middle, by ratio
    words.insert(std::get<std::string>(values[2].second));
  }
  CHECK(words == std::set<std::string>{"words", "whitespace"});
  CHECK(std::abs(below - 200) < 60);  // six standard deviations
  CHECK(sample(space, 1, 5) != sample(space, 2, 5));
}

TEST_CASE("what --set fixes is not searched, by whichever of its paths") {
  for (const char* learning_rate :
       {"rate=0.02", "train.rate=0.02", "adam.rate=0.02", "train.adam.rate=0.02"}) {
    const std::vector<std::string> set = {"width=16", learning_rate};
    for (const Parameter& p : search_space(described(""), Overrides(set))) {
      CHECK(p.path != "width");
      CHECK(p.path != "train.rate");
    }
  }
}

TEST_CASE("without a line `tune` a constant is left out that cannot change") {
  const Description model = described("");
  const auto has = [](const std::vector<Parameter>& space, std::string_view path) {
    return std::ranges::find(space, path, &Parameter::path) != space.end();
  };
  CHECK(has(search_space(model, {}), "width"));
  const TemporaryFile vectors("eight.txt", "w1 1 2 3 4 5 6 7 8\n");
  const InitialSources initial{.vectors = {vectors.path(), {}}};
  CHECK_FALSE(has(search_space(model, {}, initial), "width"));
  CHECK(has(search_space(model, {}, initial), "drop"));
  const std::size_t at = model.source.find("channels=6");
  const std::string fourths = std::string(model.source).replace(at, 10, "channels=width / 4");
  CHECK_FALSE(has(search_space(parse_description(fourths), {}), "width"));
}

TEST_CASE("a pretrained model decides how texts are read: that is not searched") {
  const auto folder = test::source_folder() / "../shared/data/pretrained/tiny-bert";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: there are no pretrained models: they belong in ../shared/data/pretrained");
    return;
  }
  const InitialSources initial{{}, folder.string()};
  const std::string source =
      "model bert\ntext max_tokens=32\nlogits = pretrained(text) | first | linear(labels)\n"
      "output softmax(logits)\ntrain adamw(rate=0.001) batch=8 epochs=2\n";
  const Description model = parse_description(source, "bert.model");
  std::set<std::string> paths;
  for (const Parameter& p : search_space(model, {}, initial)) paths.insert(p.path);
  CHECK(paths == std::set<std::string>{"train.rate", "train.batch", "train.label_smoothing",
                                       "train.schedule"});
  for (const char* line : {"tune tokenizer=choice(words, whitespace)\n",
                           "tune rate=log(0.001, 0.1) lowercase=choice(true, false)\n"}) {
    const Description tuned = parse_description(source + line, "bert.model");
    CHECK_THROWS_WITH(search_space(tuned, {}, initial),
                      doctest::Contains("beside `pretrained`: the model brings its tokenizer"));
  }
  CHECK_THROWS_WITH(check_values(model, {}, {{"lowercase", std::string("false")}}, initial),
                    doctest::Contains("--set: lowercase beside `pretrained`"));
  CHECK_NOTHROW(check_values(model, {}, {{"text.max_tokens", std::int64_t{16}}}, initial));
}

TEST_CASE("a bad line is an error with its place") {
  const auto says = [](std::string_view line, const char* part) {
    try {
      search_space(described(line), {});
    } catch (const Error& e) {
      return std::string_view(e.what()).find(part) != std::string_view::npos;
    }
    return false;
  };
  CHECK(says("tune widht=range(1, 2)\n", "small.model:10:6"));
  CHECK(says("tune widht=range(1, 2)\n", "did you mean `width`"));
  CHECK(says("tune channels=range(1, 2)\n", "neither a constant"));
  CHECK(says("tune channels=range(1, 2)\n", "give what is to be"));
  CHECK(says("tune width=8\n", "small.model:10:12"));
  CHECK(says("tune width=8\n", "range(LOW, HIGH)"));
  CHECK(says("tune width=range(9, 2)\n", "below the high end"));
  CHECK(says("tune rate=log(0, 2)\n", "above 0"));
  CHECK(says("tune rate=log(0, 2)\n", "use range"));
  CHECK(says("tune width=range(1, words)\n", "plain values"));
  CHECK(says("tune width=range(2, 4) width=range(4, 8)\n", "small.model:10:24"));
  CHECK(says("tune rate=range(0, 1) train.rate=range(0, 2)\n", "tuned twice"));
  CHECK(says("tune epochs=range(2, 4)\n", "small.model:10:6"));
  CHECK(says("tune epochs=range(2, 4)\n", "cannot be tuned"));
}

TEST_CASE("a value that the description cannot have is an error where it is written") {
  const auto says = [](std::string_view line, const char* place, const char* part) {
    try {
      search_space(described(line), {});
    } catch (const Error& e) {
      const std::string_view text = e.what();
      return text.find(place) != text.npos && text.find(part) != text.npos;
    }
    return false;
  };
  CHECK(says("tune rate=range(-1, 0.1)\n", "small.model:10:17", "rate=-1 must be a number"));
  CHECK(says("tune drop=range(0.5, 2.5)\n", "small.model:10:22", "`drop` cannot be 2.5"));
  CHECK(says("tune width=range(-10, -5)\n", "small.model:10:18", "an integer"));
  CHECK(says("tune width=range(1.5, 3.5)\n", "small.model:10:18", "an integer"));
  CHECK(says("tune batch=range(0.5, 1.5)\n", "small.model:10:18", "an integer"));
  CHECK(says("tune batch=range(1.0, 3.0)\n", "small.model:10:18", "leave the points out"));
  CHECK(says("tune schedule=choice(linear, bogus)\n", "small.model:10:30", "linear"));
}

// With nothing left over.
std::string put(const Description& model, const Assignments& values) {
  Assignments left;
  std::string text = put_values(model, values, left);
  CHECK(left.empty());
  return text;
}

TEST_CASE("values are put back where they stand, or added") {
  const Description model = described("");
  const std::string text = put(model, {{"width", std::int64_t{16}},
                                       {"width", std::int64_t{24}},
                                       {"drop", 0.35},
                                       {"rate", 0.1},
                                       {"train.adam.rate", 0.002},
                                       {"train.batch", std::int64_t{4}},
                                       {"train.label_smoothing", 0.1},
                                       {"train.beta1", 0.8},
                                       {"text.tokenizer", std::string("words")},
                                       {"text.min_count", std::int64_t{2}}});
  CHECK(text ==
        "model small  # the name stays\n"
        "text   tokenizer=words max_tokens=12 min_count=2\n"
        "width  = 24     # so does this\n"
        "drop   = 0.35\n"
        "x      = embedding(text, width=width)\n"
        "a      = x | conv1d(channels=6, kernel=3) | relu | max_pool\n"
        "logits = a | dropout(drop) | linear(labels)\n"
        "output softmax(logits)\n"
        "train  adam(beta1=0.8, rate=0.002) batch=4 epochs=5 label_smoothing=0.1\n");

  const Description bare =
      parse_description("model m\nfile = \"a\"\noutput softmax(x)", "bare.model");
  CHECK(put(bare, {{"train.rate", 0.5},
                   {"train.batch", std::int64_t{2}},
                   {"file", std::string("b \"c\".txt")}}) ==
        "model m\nfile = \"b \\\"c\\\".txt\"\noutput softmax(x)\ntrain adam(rate=0.5) batch=2\n");
}

TEST_CASE("values that stand in no one place are left over") {
  const Description model = parse_description(
      "model m\nbase = 0.1\nhalf = base / 2\nbatch = 3\noutput softmax(x)\n"
      "train adam(rate=base / 2) epochs=4\n",
      "computed.model");
  const Assignments values = {{"train.rate", 0.5},
                              {"half", 0.5},
                              {"batch", std::int64_t{2}},
                              {"train.batch", std::int64_t{5}},
                              {"a.conv1d.channels", std::int64_t{2}},
                              {"train.epochs", std::int64_t{7}}};
  Assignments left;
  const std::string text = put_values(model, values, left);
  CHECK(left == Assignments(values.begin(), values.end() - 1));
  CHECK(text == std::string(model.source).replace(text.find("epochs="), 8, "epochs=7"));
  const Description positional =
      parse_description("model m\noutput softmax(x)\ntrain sgd(0.1)\n", "p.model");
  left.clear();
  CHECK(put_values(positional, {{"train.rate", 0.5}}, left) == positional.source);
  CHECK(left.size() == 1);
}

// ---- The search

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
    trial.train_rows = split.train;
    trial.valid_rows = split.valid;
    return trial;
  }
  std::vector<TuneResult> run(int threads, const std::vector<TuneResult>& known = {}) {
    TuneSettings settings;
    settings.trials = 11;
    settings.threads = threads;
    return tune(trial(), search_space(model, {}), settings, known, observer);
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

// As a plan that is trained without validation must be, to be as good as it scored.
TEST_CASE("how long the best is trained") {
  const auto ends = [](std::string_view train, TuneResult result) {
    Description model = described("");
    const std::size_t at = model.source.rfind("epochs=5");
    model = parse_description(model.source.replace(at, 8, train));
    Trial trial;
    trial.description = &model;
    result.epochs = 5;
    result.ended = 4;
    result.best_epoch = 2;
    return to_string(final_values(result, trial));
  };
  TuneResult best_epoch;
  TuneResult mean;
  mean.averaged = 3;
  CHECK(ends("epochs=5", best_epoch) == "train.epochs=2");
  CHECK(ends("epochs=5 average=3", best_epoch) == "train.epochs=2 train.average=0");
  CHECK(ends("epochs=5 average=3", mean) == "train.epochs=4");
  CHECK(ends("epochs=5 schedule=linear", best_epoch) == "train.epochs=5");
  CHECK(ends("epochs=5 warmup=0.1", best_epoch) == "train.epochs=5");
  CHECK(ends("epochs=5 warmup=10", best_epoch) == "train.epochs=2");
}

TEST_CASE("the best of a search too short to train it fully is trained as long as described") {
  TuneResult brief, full;
  brief.trial = 1;
  brief.epochs = brief.best_epoch = 1;
  brief.values = {{"train.rate", 0.5}};
  full.trial = 2;
  full.step = kTuneSteps - 1;
  CHECK(!was_trained_fully({brief, full}, 1));
  CHECK(was_trained_fully({brief, full}, 2));
  CHECK(to_string(final_values(brief, Trial(), /*fully=*/false)) == "train.rate=0.5");
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
    const auto results = tune(trial, {}, {.trials = 1, .threads = 1}, {}, kept);
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
    for (const auto& [path, value] : best.values) trial.overrides.set(path, value);
    trial.overrides.set("train.epochs", best.epochs);
    trial.overrides.set("train.seed", seed);
    FitObserver silent;
    sum += fit(trial, silent).valid->metrics.accuracy;
  }
  CHECK(best.score == doctest::Approx(sum / kTuneSeeds).epsilon(1e-12));
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

TEST_CASE("what is no result of a trial is refused") {
  CHECK_THROWS_AS(parse_tune_result("{\"trial\": 1}"), Error);
  CHECK_THROWS_AS(parse_tune_result("{\"trial\": 1"), Error);
}

}  // namespace
}  // namespace weft
