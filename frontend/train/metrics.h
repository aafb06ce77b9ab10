// How good predictions are: accuracy, precision, recall and F1, as scikit-learn defines them
// (zero_division=0), the confusion matrix, and the threshold of a multi-label classifier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "frontend/data/corpus.h"

namespace weft {

// How many of the examples have each label of their corpus, in its order.
std::vector<std::size_t> label_counts(const CorpusView& examples);

// The labels of an evaluation: those a plan knows, in its order, then those only the data has.
// A plan cannot predict the latter, so each of their examples counts as wrong.
struct LabelSpace {
  explicit LabelSpace(std::vector<std::string> plan_labels)
      : names(std::move(plan_labels)), known(names.size()) {}

  // The number here of each label of the examples, by its number in their corpus; unknown ones are
  // added. Labels that none of the examples has are kAbsent.
  std::vector<std::uint32_t> align(const CorpusView& examples);
  static constexpr std::uint32_t kAbsent = ~0U;

  std::vector<std::string> names;
  std::size_t known;
};

// Sets of labels, one for each example, end to end.
struct LabelSets {
  std::vector<std::uint32_t> labels;
  std::vector<std::size_t> ends{0};

  std::size_t size() const { return ends.size() - 1; }
  std::span<const std::uint32_t> operator[](std::size_t i) const {
    return std::span(labels).subspan(ends[i], ends[i + 1] - ends[i]);
  }
  void add(std::span<const std::uint32_t> set);
};

struct Scores {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
};

struct ClassMetrics : Scores {
  std::string name;
  bool known = true;            // to the plan
  std::uint64_t support = 0;    // examples that have the class
  std::uint64_t predicted = 0;  // predictions of it
  std::uint64_t correct = 0;
};

struct Confusion {
  std::uint32_t truth, predicted;
  std::uint64_t count;
  bool operator==(const Confusion&) const = default;
};

struct Metrics {
  bool multi_label = false;
  std::size_t examples = 0;
  double accuracy = 0;      // multi-label: of whole sets (subset accuracy)
  double hamming_loss = 0;  // multi-label: the share of wrong yes-or-no answers
  Scores micro;
  Scores macro;     // multi-label: of all classes; else of those that the truth or a prediction has
  Scores weighted;  // by support
  std::vector<ClassMetrics> classes;
  std::vector<Confusion> confusion;  // cells that are not 0, by truth, then prediction; one label
};

// One label each: numbers in `space`.
Metrics evaluate(const LabelSpace& space, std::span<const std::uint32_t> truth,
                 std::span<const std::uint32_t> predicted);

// Any number of labels each, no label twice.
Metrics evaluate(const LabelSpace& space, const LabelSets& truth, const LabelSets& predicted);

// The score from which on a label is given, chosen for the highest micro-averaged F1.
struct Threshold {
  double threshold = 0.5;
  double micro_f1 = 0;
};

// `scores` is [examples, known labels], in 0 to 1. Halfway between two scores; of thresholds
// equally good, the one nearest 0.5.
Threshold choose_threshold(const LabelSpace& space, std::span<const float> scores,
                           const LabelSets& truth);

}  // namespace weft
