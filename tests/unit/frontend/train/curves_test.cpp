// Curves and calibration error against values worked out by hand, and their definitions.
#include "frontend/train/curves.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

namespace weft {
namespace {

using doctest::Approx;
using Flags = std::vector<std::uint8_t>;

TEST_CASE("curves: four scores by hand") {
  // The example of scikit-learn's documentation: roc_auc_score 0.75, average_precision_score 0.83.
  const std::array scores = {0.1F, 0.4F, 0.35F, 0.8F};
  const ScoreCurve curve = score_curve(scores, Flags{0, 0, 1, 1});
  CHECK(curve.positives == 2);
  CHECK(curve.negatives == 2);
  REQUIRE(curve.points.size() == 4);
  CHECK(curve.points[0].threshold == Approx(0.8));
  CHECK(curve.recall(curve.points[1]) == 0.5);
  CHECK(curve.precision(curve.points[1]) == 0.5);
  CHECK(curve.false_positive_rate(curve.points[1]) == 0.5);
  CHECK(curve.precision(curve.points[2]) == Approx(2.0 / 3));
  CHECK(roc_auc(curve).value() == Approx(0.75));
  CHECK(average_precision(curve) == Approx(0.5 * 1 + 0.5 * 2 / 3));
}

TEST_CASE("curves: ties are one threshold") {
  const std::array scores = {0.5F, 0.5F, 0.5F, 0.5F};
  const ScoreCurve curve = score_curve(scores, Flags{1, 0, 0, 1});
  REQUIRE(curve.points.size() == 1);
  CHECK(roc_auc(curve).value() == Approx(0.5));
  CHECK(average_precision(curve) == Approx(0.5));
}

TEST_CASE("curves: the area is the chance that a positive outscores a negative") {
  std::vector<float> scores;
  Flags positive;
  std::uint32_t state = 7;
  for (int i = 0; i < 200; ++i) {
    state = state * 1664525U + 1013904223U;
    scores.push_back(static_cast<float>((state >> 20U) % 30) / 30);
    positive.push_back((state >> 9U) % 3 == 0 ? 1 : 0);
  }
  double wins = 0;
  double pairs = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (positive[i] == 0 || positive[j] != 0) continue;
      wins += scores[i] > scores[j] ? 1.0 : scores[i] == scores[j] ? 0.5 : 0.0;
      ++pairs;
    }
  }
  CHECK(roc_auc(score_curve(scores, positive)).value() == Approx(wins / pairs));
}

TEST_CASE("curves: one kind only, or nothing") {
  const std::array scores = {0.2F, 0.9F};
  CHECK_FALSE(roc_auc(score_curve(scores, Flags{1, 1})));
  CHECK_FALSE(roc_auc(score_curve(scores, Flags{0, 0})));
  CHECK(average_precision(score_curve(scores, Flags{1, 1})) == 1);
  CHECK(average_precision(score_curve(scores, Flags{0, 0})) == 0);
  CHECK(score_curve({}, {}).points.empty());
  CHECK_FALSE(roc_auc({}));
}

TEST_CASE("reliability: bins have their upper ends, and ECE weighs them by answers") {
  // Bins of a half: 0.5 belongs to the lower.
  const std::array confidence = {0.5F, 0.25F, 0.75F, 1.0F};
  const auto bins = reliability(confidence, Flags{1, 0, 1, 1}, 2);
  REQUIRE(bins.size() == 2);
  CHECK(bins[0].count == 2);
  CHECK(bins[0].confidence == Approx(0.375));
  CHECK(bins[0].accuracy == Approx(0.5));
  CHECK(bins[1].count == 2);
  CHECK(bins[1].confidence == Approx(0.875));
  CHECK(expected_calibration_error(bins) == Approx((2 * 0.125 + 2 * 0.125) / 4));
  CHECK(expected_calibration_error(reliability({}, {})) == 0);
  CHECK(reliability(std::array{0.0F}, Flags{0})[0].count == 1);
  CHECK(reliability(std::array{NAN, -1.0F}, Flags{0, 0})[0].count == 2);
  CHECK(reliability(std::array{INFINITY}, Flags{1}).back().confidence == 1);
}

}  // namespace
}  // namespace weft
