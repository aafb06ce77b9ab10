// Sorting by score, then counting.
#include "frontend/train/curves.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ir/diagnostic.h"

namespace weft {
namespace {

double ratio(std::uint64_t a, std::uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

}  // namespace

double ScoreCurve::recall(const CurvePoint& point) const {
  return ratio(point.true_positives, positives);
}

double ScoreCurve::false_positive_rate(const CurvePoint& point) const {
  return ratio(point.false_positives, negatives);
}

double ScoreCurve::precision(const CurvePoint& point) {
  return ratio(point.true_positives, point.true_positives + point.false_positives);
}

ScoreCurve score_curve(std::span<const float> scores, std::span<const std::uint8_t> positive) {
  WEFT_CHECK(scores.size() == positive.size());
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  ScoreCurve curve;
  for (std::size_t i = 0; i < order.size(); ++i) {
    ++(positive[order[i]] != 0 ? curve.positives : curve.negatives);
    const bool last = i + 1 == order.size() || scores[order[i + 1]] != scores[order[i]];
    if (last) curve.points.push_back({scores[order[i]], curve.positives, curve.negatives});
  }
  return curve;
}

std::optional<double> roc_auc(const ScoreCurve& curve) {
  if (curve.positives == 0 || curve.negatives == 0) return {};
  double area = 0;
  CurvePoint before;
  for (const CurvePoint& point : curve.points) {
    const double width = curve.false_positive_rate(point) - curve.false_positive_rate(before);
    area += width * (curve.recall(point) + curve.recall(before)) / 2;
    before = point;
  }
  return area;
}

double average_precision(const ScoreCurve& curve) {
  double sum = 0;
  double recall = 0;
  for (const CurvePoint& point : curve.points) {
    sum += (curve.recall(point) - recall) * ScoreCurve::precision(point);
    recall = curve.recall(point);
  }
  return sum;
}

Reliability::Reliability(std::size_t bins) : sums_(bins) { WEFT_CHECK(bins > 0); }

void Reliability::add(float confidence, bool right) {
  const auto given = static_cast<double>(confidence);
  const double c = given > 0 ? std::min(given, 1.0) : 0.0;  // what is no number counts as none
  const double place = std::ceil(c * static_cast<double>(sums_.size()));
  ReliabilityBin& bin = sums_[place < 1 ? 0 : static_cast<std::size_t>(place) - 1];
  ++bin.count;
  bin.confidence += c;
  bin.accuracy += right ? 1 : 0;
}

std::vector<ReliabilityBin> Reliability::bins() const {
  std::vector<ReliabilityBin> means = sums_;
  for (ReliabilityBin& bin : means) {
    if (bin.count == 0) continue;
    bin.confidence /= static_cast<double>(bin.count);
    bin.accuracy /= static_cast<double>(bin.count);
  }
  return means;
}

std::vector<ReliabilityBin> reliability(std::span<const float> confidence,
                                        std::span<const std::uint8_t> right, std::size_t bins) {
  WEFT_CHECK(confidence.size() == right.size());
  Reliability found(bins);
  for (std::size_t i = 0; i < confidence.size(); ++i) found.add(confidence[i], right[i] != 0);
  return found.bins();
}

double expected_calibration_error(std::span<const ReliabilityBin> bins) {
  double sum = 0;
  std::size_t count = 0;
  for (const ReliabilityBin& bin : bins) {
    sum += static_cast<double>(bin.count) * std::abs(bin.accuracy - bin.confidence);
    count += bin.count;
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

}  // namespace weft
