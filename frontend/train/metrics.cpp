// Counting, then dividing; 0 / 0 is 0.
#include "frontend/train/metrics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "ir/diagnostic.h"

namespace weft {
namespace {

double ratio(double a, double b) { return b == 0 ? 0 : a / b; }

double ratio(std::uint64_t a, std::uint64_t b) {
  return ratio(static_cast<double>(a), static_cast<double>(b));
}

Scores scores_of(std::uint64_t correct, std::uint64_t predicted, std::uint64_t support) {
  return {ratio(correct, predicted), ratio(correct, support),
          ratio(2 * correct, predicted + support)};
}

Scores weighted_mean(const std::vector<ClassMetrics>& classes, const std::vector<double>& weights) {
  Scores sum;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    sum.precision += weights[i] * classes[i].precision;
    sum.recall += weights[i] * classes[i].recall;
    sum.f1 += weights[i] * classes[i].f1;
  }
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  return {ratio(sum.precision, total), ratio(sum.recall, total), ratio(sum.f1, total)};
}

Metrics begin(const LabelSpace& space, std::size_t examples) {
  Metrics metrics;
  metrics.examples = examples;
  metrics.classes.resize(space.names.size());
  for (std::size_t i = 0; i < space.names.size(); ++i) {
    metrics.classes[i].name = space.names[i];
    metrics.classes[i].known = i < space.known;
  }
  return metrics;
}

// From the counts of each class, everything that follows from them.
void finish(Metrics& metrics) {
  std::uint64_t correct = 0;
  std::uint64_t predicted = 0;
  std::uint64_t support = 0;
  std::vector<double> equal;
  std::vector<double> by_support;
  for (ClassMetrics& one : metrics.classes) {
    static_cast<Scores&>(one) = scores_of(one.correct, one.predicted, one.support);
    correct += one.correct;
    predicted += one.predicted;
    support += one.support;
    equal.push_back(metrics.multi_label || one.support + one.predicted > 0 ? 1 : 0);
    by_support.push_back(static_cast<double>(one.support));
  }
  metrics.micro = scores_of(correct, predicted, support);
  metrics.macro = weighted_mean(metrics.classes, equal);
  metrics.weighted = weighted_mean(metrics.classes, by_support);
}

// A score in 0 to 1 and whether it is a positive's, as a number that ranks as the score does: the
// bits of a float that is not negative rise with it. Many labels make many scores: 4 bytes each.
std::uint32_t ranked(float score, bool positive) {
  const auto bits = std::bit_cast<std::uint32_t>(score > 0 ? score : 0.0F);
  return bits << 1U | (positive ? 1U : 0U);
}
double score_of(std::uint32_t ranked) {
  return static_cast<double>(std::bit_cast<float>(ranked >> 1U));
}

bool contains(std::span<const std::uint32_t> set, std::uint32_t label) {
  return std::find(set.begin(), set.end(), label) != set.end();
}

}  // namespace

std::vector<std::size_t> label_counts(const CorpusView& examples) {
  std::vector<std::size_t> counts(examples.corpus().label_names().size(), 0);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    for (const std::uint32_t label : examples.labels(i)) ++counts[label];
  }
  return counts;
}

std::vector<std::uint32_t> LabelSpace::align(const CorpusView& examples) {
  std::unordered_map<std::string, std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < names.size(); ++i) numbers.emplace(names[i], i);
  const std::vector<std::size_t> counts = label_counts(examples);
  std::vector<std::uint32_t> aligned(counts.size(), kAbsent);
  for (std::size_t label = 0; label < counts.size(); ++label) {
    if (counts[label] == 0) continue;
    const std::string& name = examples.corpus().label_names()[label];
    const auto [entry, added] = numbers.emplace(name, static_cast<std::uint32_t>(names.size()));
    if (added) names.push_back(name);
    aligned[label] = entry->second;
  }
  return aligned;
}

void LabelSets::add(std::span<const std::uint32_t> set) {
  labels.insert(labels.end(), set.begin(), set.end());
  ends.push_back(labels.size());
}

Metrics evaluate(const LabelSpace& space, std::span<const std::uint32_t> truth,
                 std::span<const std::uint32_t> predicted) {
  WEFT_CHECK(truth.size() == predicted.size());
  Metrics metrics = begin(space, truth.size());
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> cells;
  std::uint64_t correct = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    ++metrics.classes[truth[i]].support;
    ++metrics.classes[predicted[i]].predicted;
    ++cells[{truth[i], predicted[i]}];
    if (truth[i] != predicted[i]) continue;
    ++metrics.classes[truth[i]].correct;
    ++correct;
  }
  for (const auto& [cell, count] : cells) {
    metrics.confusion.push_back({cell.first, cell.second, count});
  }
  metrics.accuracy = ratio(correct, truth.size());
  finish(metrics);
  return metrics;
}

Metrics evaluate(const LabelSpace& space, const LabelSets& truth, const LabelSets& predicted) {
  WEFT_CHECK(truth.size() == predicted.size());
  Metrics metrics = begin(space, truth.size());
  metrics.multi_label = true;
  std::uint64_t right_sets = 0;
  std::uint64_t wrong_labels = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    std::size_t both = 0;
    for (const std::uint32_t label : truth[i]) {
      ++metrics.classes[label].support;
      if (!contains(predicted[i], label)) continue;
      ++metrics.classes[label].correct;
      ++both;
    }
    for (const std::uint32_t label : predicted[i]) ++metrics.classes[label].predicted;
    const std::size_t wrong = truth[i].size() + predicted[i].size() - 2 * both;
    wrong_labels += wrong;
    right_sets += wrong == 0 ? 1 : 0;
  }
  metrics.accuracy = ratio(right_sets, truth.size());
  metrics.hamming_loss = ratio(wrong_labels, truth.size() * space.names.size());
  finish(metrics);
  return metrics;
}

Threshold choose_threshold(const LabelSpace& space, std::span<const float> scores,
                           const LabelSets& truth) {
  WEFT_CHECK(scores.size() == truth.size() * space.known);
  std::vector<std::uint32_t> order;  // a number for each score, see ranked
  order.reserve(scores.size());
  std::vector<bool> positive(space.known);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    positive.assign(space.known, false);
    for (const std::uint32_t label : truth[i]) {
      if (label < space.known) positive[label] = true;
    }
    for (std::size_t c = 0; c < space.known; ++c) {
      order.push_back(ranked(scores[i * space.known + c], positive[c]));
    }
  }
  std::sort(order.begin(), order.end(), std::greater<>());
  // Lower the threshold past one score after another.
  Threshold best;
  std::uint64_t correct = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    correct += order[i] & 1U;
    const double here = score_of(order[i]);
    const double below = i + 1 < order.size() ? score_of(order[i + 1]) : 0;
    if (i + 1 < order.size() && below == here) continue;
    const double threshold = (here + below) / 2;
    const double f1 = scores_of(correct, i + 1, truth.labels.size()).f1;
    const bool nearer = std::abs(threshold - 0.5) < std::abs(best.threshold - 0.5);
    if (f1 > best.micro_f1 || (f1 == best.micro_f1 && f1 > 0 && nearer)) best = {threshold, f1};
  }
  return best;
}

}  // namespace weft
