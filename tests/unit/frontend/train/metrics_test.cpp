// Metrics: expected numbers are scikit-learn's (1.x, zero_division=0) on the same labels.
#include "frontend/train/metrics.h"

#include <doctest/doctest.h>

#include <random>

namespace weft {
namespace {

using Numbers = std::vector<std::uint32_t>;

void check_scores(const Scores& scores, double precision, double recall, double f1) {
  CHECK(scores.precision == doctest::Approx(precision).epsilon(1e-12));
  CHECK(scores.recall == doctest::Approx(recall).epsilon(1e-12));
  CHECK(scores.f1 == doctest::Approx(f1).epsilon(1e-12));
}

LabelSets sets_of(const std::vector<Numbers>& sets) {
  LabelSets result;
  for (const Numbers& set : sets) result.add(set);
  return result;
}

TEST_CASE("metrics: one label each, with a class never seen and one never predicted") {
  LabelSpace space({"a", "b", "c", "d"});
  CHECK(space.align(Corpus(std::vector<Example>{{"", {"e"}, 1}, {"", {"b"}, 2}})) == Numbers{1, 4});
  CHECK(space.known == 4);
  const Numbers truth = {0, 0, 0, 0, 1, 1, 1, 2, 2, 4, 4, 0, 1, 2, 4};
  const Numbers predicted = {0, 1, 0, 0, 1, 1, 2, 2, 0, 1, 0, 0, 1, 2, 0};
  const Metrics metrics = evaluate(space, truth, predicted);
  CHECK(metrics.examples == 15);
  CHECK_FALSE(metrics.multi_label);
  CHECK(metrics.accuracy == doctest::Approx(0.6));
  check_scores(metrics.micro, 0.6, 0.6, 0.6);
  check_scores(metrics.macro, 0.45952380952380945, 0.5541666666666667, 0.5);
  check_scores(metrics.weighted, 0.48380952380952374, 0.6, 0.5333333333333333);
  REQUIRE(metrics.classes.size() == 5);
  check_scores(metrics.classes[0], 0.5714285714285714, 0.8, 0.6666666666666666);
  check_scores(metrics.classes[1], 0.6, 0.75, 0.6666666666666666);
  check_scores(metrics.classes[2], 0.6666666666666666, 0.6666666666666666, 0.6666666666666666);
  check_scores(metrics.classes[3], 0, 0, 0);
  check_scores(metrics.classes[4], 0, 0, 0);
  CHECK(metrics.classes[4].name == "e");
  CHECK_FALSE(metrics.classes[4].known);
  CHECK(metrics.classes[4].support == 3);
  CHECK(
      metrics.confusion ==
      std::vector<Confusion>{
          {0, 0, 4}, {0, 1, 1}, {1, 1, 3}, {1, 2, 1}, {2, 0, 1}, {2, 2, 2}, {4, 0, 2}, {4, 1, 1}});
}

TEST_CASE("metrics: any number of labels each") {
  const LabelSpace space({"a", "b", "c", "d"});
  const Metrics metrics = evaluate(space, sets_of({{0, 2}, {1}, {1, 0}, {}, {1, 2}, {0}}),
                                   sets_of({{0}, {1}, {0, 1, 2}, {}, {2, 0}, {}}));
  CHECK(metrics.multi_label);
  CHECK(metrics.accuracy == doctest::Approx(1.0 / 3));
  CHECK(metrics.hamming_loss == doctest::Approx(0.20833333333333334));
  check_scores(metrics.micro, 0.7142857142857143, 0.625, 0.6666666666666666);
  check_scores(metrics.macro, 0.5416666666666666, 0.4583333333333333, 0.4916666666666667);
  check_scores(metrics.weighted, 0.75, 0.625, 0.675);
  check_scores(metrics.classes[0], 0.6666666666666666, 0.6666666666666666, 0.6666666666666666);
  check_scores(metrics.classes[1], 1.0, 0.6666666666666666, 0.8);
  check_scores(metrics.classes[2], 0.5, 0.5, 0.5);
  check_scores(metrics.classes[3], 0, 0, 0);
  CHECK(metrics.confusion.empty());
}

TEST_CASE("metrics: no examples at all") {
  const LabelSpace space({"a", "b"});
  const Metrics metrics = evaluate(space, Numbers{}, Numbers{});
  CHECK(metrics.accuracy == 0);
  check_scores(metrics.macro, 0, 0, 0);
  CHECK(choose_threshold(space, {}, {}).threshold == 0.5);
}

TEST_CASE("metrics: the threshold is as good as any, and reaches what it promises") {
  std::mt19937 random(13);
  for (int trial = 0; trial < 200; ++trial) {
    LabelSpace space({"a", "b", "c"});
    space.names.emplace_back("unknown");
    const std::size_t examples = 1 + random() % 12;
    std::vector<float> scores(examples * 3);
    for (float& score : scores) score = static_cast<float>(random() % 9) / 8.0F;
    LabelSets truth;
    for (std::size_t i = 0; i < examples; ++i) {
      Numbers set;
      for (std::uint32_t label = 0; label < 4; ++label) {
        if (random() % 3 == 0) set.push_back(label);
      }
      truth.add(set);
    }
    const auto micro_f1 = [&](double threshold) {
      LabelSets predicted;
      for (std::size_t i = 0; i < examples; ++i) {
        Numbers set;
        for (std::uint32_t label = 0; label < 3; ++label) {
          if (static_cast<double>(scores[i * 3 + label]) >= threshold) set.push_back(label);
        }
        predicted.add(set);
      }
      return evaluate(space, truth, predicted).micro.f1;
    };
    const Threshold chosen = choose_threshold(space, scores, truth);
    double best = 0;
    for (int step = 0; step <= 32; ++step) best = std::max(best, micro_f1(step / 32.0));
    REQUIRE(chosen.micro_f1 == doctest::Approx(best));
    if (best > 0) REQUIRE(micro_f1(chosen.threshold) == doctest::Approx(best));
  }
}

}  // namespace
}  // namespace weft
