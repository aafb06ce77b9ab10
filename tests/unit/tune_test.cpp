// Tuning: what may be written, what is drawn, what is put back into a description; and a search
// that is the same whatever the threads and wherever it was cut short.
#include "frontend/tune.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "frontend/split.h"
#include "tests/unit/small_model.h"

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

Model described(std::string_view line) {
  return parse_model(std::string(kDescription) + std::string(line), "small.model");
}

TEST_CASE("ranges are read, and numbers drawn from them lie inside") {
  const Model model = described(
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
    const double rate = std::get<double>(values[1].second);
    CHECK((rate >= 0.001 && rate <= 0.1));
    below += rate < 0.01;  // the middle, by ratio
    words.insert(std::get<std::string>(values[2].second));
  }
  CHECK(words == std::set<std::string>{"words", "whitespace"});
  CHECK(std::abs(below - 200) < 60);  // six standard deviations
  CHECK(sample(space, 1, 5) != sample(space, 2, 5));
}

TEST_CASE("what --set fixes is not searched") {
  const std::vector<std::string> set = {"width=16", "train.rate=0.02"};
  for (const Parameter& p : search_space(described(""), Overrides(set))) {
    CHECK(p.path != "width");
    CHECK(p.path != "train.rate");
  }
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
}

TEST_CASE("values are put back where they stand, or added") {
  const Model model = described("");
  const std::string text = with_values(model, {{"width", std::int64_t{24}},
                                               {"drop", 0.35},
                                               {"train.rate", 0.002},
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
  CHECK_THROWS_AS(with_values(model, {{"a.conv1d.channels", std::int64_t{2}}}), Error);

  const Model bare = parse_model("model m\noutput softmax(x)", "bare.model");
  CHECK(with_values(bare, {{"train.rate", 0.5}, {"train.batch", std::int64_t{2}}}) ==
        "model m\noutput softmax(x)\ntrain adam(rate=0.5) batch=2\n");
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
  Model model = described("tune width=range(4, 16) rate=log(0.003, 0.03)\n");
  Corpus corpus = small_corpus();
  Split split = stratified_split(corpus, 0.3, 1);

  std::vector<TuneResult> run(int threads, const std::vector<TuneResult>& known = {}) {
    Trial trial;
    trial.model = &model;
    trial.corpus = &corpus;
    trial.train = split.train;
    trial.choose = split.valid;
    TuneSettings settings;
    settings.trials = 11;
    settings.threads = threads;
    return tune(trial, search_space(model, {}), settings, known, observer);
  }
  Kept observer;
};

TEST_CASE("the search is the same on one thread and on three, and after it was cut short") {
  Searched one;
  const auto results = one.run(1);
  // A group of nine: 9, 3 or 4 with trial 0, 1 or 2; a group of two: 2, 1, 1.
  CHECK(results.size() >= 9 + 3 + 1 + 4);
  CHECK(results.size() <= 9 + 4 + 2 + 4);
  CHECK(results.front().step == kTuneSteps - 1);
  CHECK(std::ranges::count(results, 0, &TuneResult::trial) == kTuneSteps);
  for (std::size_t i = 1; i < results.size(); ++i) {
    if (results[i].step == results[i - 1].step) CHECK(results[i].score <= results[i - 1].score);
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

TEST_CASE("what is no result of a trial is refused") {
  CHECK_THROWS_AS(parse_tune_result("{\"trial\": 1}"), Error);
  CHECK_THROWS_AS(parse_tune_result("{\"trial\": 1"), Error);
}

}  // namespace
}  // namespace weft
