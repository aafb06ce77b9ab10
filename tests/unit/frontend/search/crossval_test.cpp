// Cross-validation: its statistics against published tables and hand calculation, its folds against
// their definition, and its results whatever the threads.
#include "frontend/search/crossval.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "frontend/data/split.h"
#include "frontend/search/run_in_parallel.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

using doctest::Approx;
using test::kSmallModel;
using test::small_corpus;

TEST_CASE("Student's t is that of the tables") {
  CHECK(student_t95(1) == Approx(12.706).epsilon(1e-4));
  CHECK(student_t95(2) == Approx(4.303).epsilon(1e-4));
  CHECK(student_t95(9) == Approx(2.262).epsilon(1e-3));
  CHECK(student_t95(30) == Approx(2.042).epsilon(1e-3));
  CHECK(student_t95(1000) == Approx(1.962).epsilon(1e-3));
}

TEST_CASE("the spread of scores, by hand") {
  // Deviations -0.1, 0, 0.1: variance 0.02 / 2. Three folds: a third is tested, twice that trained.
  const Spread s = spread_of({0.7, 0.8, 0.9}, 10, 20);
  CHECK(s.mean == Approx(0.8));
  CHECK(s.deviation == Approx(0.1));
  const double half = 4.3027 * 0.1 * std::sqrt(1.0 / 3 + 1.0 / 2);
  CHECK(s.low == Approx(0.8 - half).epsilon(1e-4));
  CHECK(s.high == Approx(0.8 + half).epsilon(1e-4));
  const Spread one = spread_of({0.7}, 1, 1);
  CHECK(one.low == one.high);
}

TEST_CASE("jobs side by side are each done once, and the first failure is thrown") {
  std::vector<std::atomic<int>> done(100);
  run_in_parallel(done.size(), 4, [&](std::size_t i) { done[i]++; });
  for (const auto& times : done) CHECK(times == 1);
  CHECK_THROWS_AS(run_in_parallel(50, 4,
                                  [](std::size_t i) {
                                    if (i == 20) throw Error("job 20");
                                  }),
                  Error);
}

TEST_CASE("a part of the examples is split, stratified, and nothing else") {
  const Corpus corpus = small_corpus();
  std::vector<std::uint32_t> rows;
  for (std::uint32_t i = 10; i < 50; ++i) rows.push_back(i);
  const Split split = stratified_split(corpus, rows, 0.25, 7);
  CHECK(split.valid.size() == 10);
  CHECK(split.train.size() == 30);
  std::multiset<std::uint32_t> seen(split.train.begin(), split.train.end());
  seen.insert(split.valid.begin(), split.valid.end());
  CHECK(seen == std::multiset<std::uint32_t>(rows.begin(), rows.end()));
  int first_class = 0;
  for (const std::uint32_t i : split.valid) first_class += corpus.labels(i)[0] == 0;
  CHECK(first_class == 5);
}

TEST_CASE("the interval of a share ends where shares do") {
  // Two texts, two folds: either is tested by a model that knows the other label only.
  const Corpus corpus(std::vector<Example>{{"hot", {"a"}, 1}, {"cold", {"b"}, 2}});
  const Description model = parse_description(kSmallModel, "small.model");
  Trial trial;
  trial.description = &model;
  trial.corpus = &corpus;
  const Crossval result = cross_validate(trial, {.folds = 2, .threads = 1}, [](const auto&) {});
  CHECK(result.accuracy.low >= 0);
  CHECK(result.macro_f1.high <= 1);
  CHECK(result.accuracy.mean == 0);
  CHECK_FALSE(result.loss);  // not 0, which would be perfect
  CHECK(to_text(result).find("loss") == std::string::npos);
  REQUIRE(result.warnings.size() == 1);
  CHECK(result.warnings[0].starts_with("all texts of 2 labels fall into one fold: `a`, `b`;"));
}

TEST_CASE("a label that only the tested fold has is never answered") {
  // Four labels, each on the rows of one fold; the texts are alike, so that any answer is likely.
  std::vector<Example> examples;
  for (std::size_t i = 0; i < 24; ++i) {
    examples.push_back({"word", {std::string(1, static_cast<char>('a' + i % 4))}, i + 1});
  }
  const Corpus corpus(examples);
  const Description model = parse_description(kSmallModel, "small.model");
  Trial trial;
  trial.description = &model;
  trial.corpus = &corpus;
  const CrossvalSettings settings{.folds = 4, .folds_by_row = true, .threads = 1};
  const Crossval result = cross_validate(trial, settings, [](const auto&) {});
  for (const FoldScore& fold : result.folds) CHECK(fold.accuracy == 0);
}

TEST_CASE("folds are the same on one thread and on three, and another seed gives others") {
  const Corpus corpus = small_corpus();
  const Description model = parse_description(kSmallModel, "small.model");
  Trial trial;
  trial.description = &model;
  trial.corpus = &corpus;
  CrossvalSettings settings{.folds = 4, .repeats = 2, .threads = 1};
  int ended = 0;
  const Crossval one = cross_validate(trial, settings, [&](const FoldScore&) { ++ended; });
  CHECK(ended == 8);
  REQUIRE(one.folds.size() == 8);
  CHECK(one.folds[5].repeat == 1);
  CHECK(one.folds[5].fold == 1);
  settings.threads = 3;
  const Crossval three = cross_validate(trial, settings, [](const FoldScore&) {});
  CHECK(to_json(one) == to_json(three));
  CHECK(one.folds[0].loss != one.folds[4].loss);  // the repeats differ
  double sum = 0;
  for (const FoldScore& fold : one.folds) sum += fold.accuracy;
  CHECK(one.accuracy.mean == Approx(sum / 8));

  CHECK((one.accuracy.low >= 0 && one.accuracy.high <= 1));

  settings.folds = 61;
  CHECK_THROWS_WITH_AS(cross_validate(trial, settings, [](const FoldScore&) {}),
                       doctest::Contains("61 folds need as many examples"), Error);
}

}  // namespace
}  // namespace weft
