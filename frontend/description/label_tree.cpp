// Huffman's algorithm by two queues: the labels by falling counts, and the nodes in the order in
// which they are made, which is that of rising counts.
#include "frontend/description/label_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <numeric>

#include "ir/diagnostic.h"
#include "ir/ops/nn/label_tree.h"

namespace weft {
namespace {

constexpr std::int64_t kNotYetMade = 1'000'000'000'000'000;  // above every count

void check_counts(std::span<const std::int64_t> counts) {
  if (counts.size() < 2) {
    throw Error("hierarchical_softmax needs two labels at least",
                "give data with more labels, or end the description with `output softmax(logits)`");
  }
  if (counts.size() > std::numeric_limits<std::int32_t>::max() / 2) {
    throw Error(fmt::format("a tree of {} labels has too many nodes", counts.size()));
  }
  std::int64_t total = 0;
  for (const std::int64_t count : counts) {
    if (count < 0) throw Error(fmt::format("a label has the count {}, below 0", count));
    if (count >= kNotYetMade - total) {
      throw Error(fmt::format("the counts of the labels add up to {} or more", kNotYetMade));
    }
    total += count;
  }
}

}  // namespace

std::vector<std::int32_t> huffman_tree(std::span<const std::int64_t> counts) {
  check_counts(counts);
  const std::size_t labels = counts.size();
  std::vector<std::int32_t> order(labels);  // the labels by falling counts
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::int32_t label) {
    return counts[static_cast<std::size_t>(label)];
  });
  std::vector<std::int64_t> made(labels - 1, kNotYetMade);  // counts of the inner nodes
  std::vector<std::int32_t> slots(2 * labels - 2);
  std::size_t leaves = labels, next = 0;  // neither joined yet: labels before, nodes from
  for (std::size_t node = 0; node + 1 < labels; ++node) {
    std::int64_t sum = 0;
    for (const std::size_t side : {0U, 1U}) {
      const auto slot = static_cast<std::int32_t>(2 * node + side);
      const auto label = leaves > 0 ? static_cast<std::size_t>(order[leaves - 1]) : std::size_t{0};
      if (leaves > 0 && counts[label] < made[next]) {
        slots[label] = slot;
        sum += counts[label];
        --leaves;
      } else {
        slots[labels + next] = slot;
        sum += made[next++];
      }
    }
    made[node] = sum;
  }
  return slots;
}

std::int64_t tree_depth(std::span<const std::int32_t> tree) {
  const auto size = static_cast<std::int64_t>(tree.size());
  const LabelTree shape = LabelTree::of_size(size);
  bool sound = size >= 2 && shape.slots() == size;
  for (std::int64_t i = 0; i < size && sound; ++i) {
    sound = shape.is_slot(i, tree[static_cast<std::size_t>(i)]);
  }
  if (!sound) throw Error("the tree of labels is damaged", "train the plan anew");
  // By inner node: how many nodes the path from the root to it has, both included.
  std::vector<std::int64_t> depth(static_cast<std::size_t>(shape.labels - 1), 1);
  const auto above = [&](std::int64_t i) {
    return depth[static_cast<std::size_t>(tree[static_cast<std::size_t>(i)] / 2)];
  };
  for (std::int64_t k = shape.root() - 1; k >= 0; --k) {
    depth[static_cast<std::size_t>(k)] = above(shape.labels + k) + 1;
  }
  std::int64_t most = 0;
  for (std::int64_t label = 0; label < shape.labels; ++label) most = std::max(most, above(label));
  return most;
}

std::int64_t depth_of_equal_labels(std::int64_t labels) {
  const std::int64_t last = std::max<std::int64_t>(labels, 2) - 1;
  return static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(last)));
}

}  // namespace weft
