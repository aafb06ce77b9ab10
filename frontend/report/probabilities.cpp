// Keeps the scores of the labels that it follows, and counts answers by their confidence.
#include "frontend/report/probabilities.h"

#include <algorithm>
#include <numeric>

namespace weft {

Probabilities::Probabilities(const Dataset& data, bool multi_label,
                             std::vector<std::size_t> followed)
    : data_(data),
      multi_label_(multi_label),
      followed_(std::move(followed)),
      scores_(followed_.size()),
      positive_(followed_.size()) {}

void Probabilities::add(std::size_t i, const Predictions& all, std::size_t k) {
  const auto p = all.probabilities(k);
  for (std::size_t f = 0; f < followed_.size(); ++f) {
    scores_[f].push_back(p[followed_[f]]);
    positive_[f].push_back(data_.has_label(i, followed_[f]) ? 1 : 0);
  }
  if (!multi_label_) {
    const std::size_t answer = all.label(k);
    return reliability_.add(p[answer], data_.has_label(i, answer));
  }
  for (std::size_t label = 0; label < p.size(); ++label) {
    reliability_.add(p[label], data_.has_label(i, label));
  }
}

ScoreCurve Probabilities::curve(std::size_t f) const {
  return score_curve(scores_[f], positive_[f]);
}

std::vector<std::size_t> frequent_labels(const Dataset& data, bool multi_label, std::size_t count) {
  if (!multi_label && data.space.known == 2) return {1};
  std::vector<std::uint64_t> support(data.space.names.size(), 0);
  for (std::size_t i = 0; i < data.size(); ++i) {
    for (const std::int32_t label : data.labels_of(i)) ++support[static_cast<std::size_t>(label)];
  }
  std::vector<std::size_t> labels(data.space.known);
  std::iota(labels.begin(), labels.end(), std::size_t{0});
  std::ranges::stable_sort(labels,
                           [&](std::size_t a, std::size_t b) { return support[a] > support[b]; });
  labels.resize(std::min(labels.size(), count));
  std::erase_if(labels, [&](std::size_t label) { return support[label] == 0; });
  std::ranges::sort(labels);
  return labels;
}

}  // namespace weft
