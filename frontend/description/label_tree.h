// The tree of labels that hierarchical softmax is made with (ir/ops/nn/label_tree.h says how a
// tensor holds it).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace weft {

// The Huffman tree of labels that were met so often: frequent ones have short paths. It is
// fastText's: of equal counts the same two are joined. Error if there are fewer than two labels, or
// counts are negative or add up to 1e15 or more.
std::vector<std::int32_t> huffman_tree(std::span<const std::int64_t> counts);

// Inner nodes on the longest path from the root to a label. Error if the numbers are no tree.
std::int64_t tree_depth(std::span<const std::int32_t> tree);

// That of the Huffman tree of so many labels, all met equally often.
std::int64_t depth_of_equal_labels(std::int64_t labels);

}  // namespace weft
