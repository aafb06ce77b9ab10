// The labels as leaves of a binary tree, which hierarchical softmax decides its way down: the
// tensor that holds the tree, for references, kernels and who makes one.
//
// L labels have L - 1 inner nodes, of which the last is the root. Inner node k has two slots, one
// for each child: 2k for the left one, 2k + 1 for the right one. The tree, i32[2L-2], gives the
// slot of each label, then of each inner node but the root: tree[L + k] is that of inner node k. A
// parent comes after its children, so that each walk to the root ends, whatever the numbers are.
#pragma once

#include <cstdint>

namespace weft {

struct LabelTree {
  std::int64_t labels = 0;

  // `entries`: of its tensor.
  static LabelTree of_size(std::int64_t entries) { return {entries / 2 + 1}; }
  std::int64_t root() const { return labels - 2; }
  std::int64_t slots() const { return 2 * labels - 2; }
  // The least slot that entry `i` of the tree may hold; slots() is above all.
  std::int64_t first_slot(std::int64_t i) const { return i < labels ? 0 : 2 * (i - labels + 1); }
  bool is_slot(std::int64_t i, std::int64_t slot) const {
    return slot >= first_slot(i) && slot < slots();
  }
};

}  // namespace weft
