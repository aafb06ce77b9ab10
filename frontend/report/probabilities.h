// How good a plan's probabilities are on labelled data: how well they separate the texts of a label
// from the others, and whether they mean what they say.
#pragma once

#include <cstdint>
#include <vector>

#include "frontend/train/curves.h"
#include "frontend/train/dataset.h"
#include "frontend/train/metrics.h"
#include "runtime/session.h"

namespace weft {

// Collects predictions, one by one. It keeps 5 bytes for each text and each label that it follows.
class Probabilities {
 public:
  // `followed`: the labels with curves, as numbers of the plan. `data` must outlive this.
  Probabilities(const Dataset& data, bool multi_label, std::vector<std::size_t> followed);

  // Example i is the k-th of the predictions.
  void add(std::size_t i, const Predictions&, std::size_t k);

  const std::vector<std::size_t>& followed() const { return followed_; }
  ScoreCurve curve(std::size_t f) const;  // of label followed()[f]

  // Of the answers and their probabilities; multi-label: of every label, whether it is there.
  std::vector<ReliabilityBin> reliability() const { return reliability_.bins(); }

 private:
  const Dataset& data_;
  bool multi_label_;
  std::vector<std::size_t> followed_;
  std::vector<std::vector<float>> scores_;           // [followed][texts]
  std::vector<std::vector<std::uint8_t>> positive_;  // [followed][texts]
  Reliability reliability_;
};

// The `count` labels of the plan that most texts have, in the plan's order; none without texts. Of
// a plan with two labels, one each: the second, for the other's curves mirror it.
std::vector<std::size_t> frequent_labels(const Dataset& data, bool multi_label, std::size_t count);

}  // namespace weft
