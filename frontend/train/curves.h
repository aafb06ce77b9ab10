// How well scores separate yes from no at every threshold, and whether they mean what they say:
// precision-recall and ROC curves with their areas, reliability and its error (ECE).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace weft {

// Counts of answers if every score from the threshold on means yes.
struct CurvePoint {
  double threshold = 0;
  std::uint64_t true_positives = 0, false_positives = 0;
};

struct ScoreCurve {
  std::uint64_t positives = 0, negatives = 0;
  std::vector<CurvePoint> points;  // one per distinct score, from the highest down

  // 0 / 0 is 0.
  double recall(const CurvePoint&) const;  // the true positive rate
  double false_positive_rate(const CurvePoint&) const;
  static double precision(const CurvePoint&);
};

// `positive` holds 0 or 1 for each score.
ScoreCurve score_curve(std::span<const float> scores, std::span<const std::uint8_t> positive);

// The area under the ROC curve by trapezoids: the chance that a positive outscores a negative, ties
// counting half. None where either kind is missing.
std::optional<double> roc_auc(const ScoreCurve&);

// The sum of precision over the steps of recall, without interpolation. 0 without positives.
double average_precision(const ScoreCurve&);

// Answers whose confidence lies in one stretch of 0 to 1.
struct ReliabilityBin {
  std::size_t count = 0;
  double confidence = 0;  // mean
  double accuracy = 0;    // the share that is right
};

// Counts answers one by one, in bins of equal width, each with its upper end.
class Reliability {
 public:
  explicit Reliability(std::size_t bins = 15);
  void add(float confidence, bool right);
  std::vector<ReliabilityBin> bins() const;

 private:
  std::vector<ReliabilityBin> sums_;
};

// `right` holds 0 or 1 for each confidence.
std::vector<ReliabilityBin> reliability(std::span<const float> confidence,
                                        std::span<const std::uint8_t> right, std::size_t bins = 15);

// The expected calibration error: the mean gap between confidence and accuracy, by answers.
double expected_calibration_error(std::span<const ReliabilityBin>);

}  // namespace weft
