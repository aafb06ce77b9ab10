// Precision and recall of the K most probable labels, as fastText's `test` measures them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weft {

class TopLabels {
 public:
  explicit TopLabels(std::size_t k) : k_(k) {}

  // Adds one text: `p` are the probabilities of the plan's labels, `truth` the labels that the text
  // has. A label that the plan does not know is never found.
  void add(std::span<const float> p, std::span<const std::int32_t> truth);

  std::size_t k() const { return k_; }
  double precision() const;  // the share of the answers that are right; 0 without answers
  double recall() const;     // the share of the texts' labels that were found; 0 without labels

 private:
  std::size_t k_;
  std::uint64_t answers_ = 0, labels_ = 0, found_ = 0;
};

}  // namespace weft
