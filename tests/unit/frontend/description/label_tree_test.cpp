// The Huffman tree against two others: the least cost, by a queue of weights, and fastText's own
// construction by nodes that point at each other.
#include "frontend/description/label_tree.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <string>

#include "ir/diagnostic.h"
#include "ir/random.h"

namespace weft {
namespace {

using Counts = std::vector<std::int64_t>;

struct Path {
  std::vector<std::int64_t> nodes;
  std::vector<bool> right;
  bool operator==(const Path&) const = default;
};

// From each label to the root, by the tree's numbers.
std::vector<Path> paths_of(const std::vector<std::int32_t>& tree) {
  const auto labels = static_cast<std::int64_t>(tree.size() / 2 + 1);
  std::vector<Path> paths;
  for (std::int64_t label = 0; label < labels; ++label) {
    Path path;
    for (std::int64_t entry = label; entry != 2 * labels - 2;) {
      const std::int32_t slot = tree[static_cast<std::size_t>(entry)];
      path.nodes.push_back(slot / 2);
      path.right.push_back(slot % 2 == 1);
      entry = labels + slot / 2;
    }
    paths.push_back(path);
  }
  return paths;
}

// As fastText 0.9.2 does it, for falling counts.
std::vector<Path> paths_of_fasttext(const Counts& counts) {
  struct Node {
    std::int64_t parent = -1, count = 1'000'000'000'000'000;
    bool binary = false;
  };
  const auto size = static_cast<std::int64_t>(counts.size());
  std::vector<Node> tree(static_cast<std::size_t>(2 * size - 1));
  const auto at = [&](std::int64_t i) -> Node& { return tree[static_cast<std::size_t>(i)]; };
  for (std::int64_t i = 0; i < size; ++i) at(i).count = counts[static_cast<std::size_t>(i)];
  std::int64_t leaf = size - 1, node = size;
  for (std::int64_t i = size; i < 2 * size - 1; ++i) {
    std::int64_t least[2];
    for (std::int64_t& j : least) {
      j = leaf >= 0 && at(leaf).count < at(node).count ? leaf-- : node++;
    }
    at(i).count = at(least[0]).count + at(least[1]).count;
    at(least[0]).parent = at(least[1]).parent = i;
    at(least[1]).binary = true;
  }
  std::vector<Path> paths;
  for (std::int64_t i = 0; i < size; ++i) {
    Path path;
    for (std::int64_t j = i; at(j).parent != -1; j = at(j).parent) {
      path.nodes.push_back(at(j).parent - size);
      path.right.push_back(at(j).binary);
    }
    paths.push_back(path);
  }
  return paths;
}

// The least sum of count times length of path that a binary tree can have.
std::int64_t least_cost(const Counts& counts) {
  std::priority_queue<std::int64_t, Counts, std::greater<>> weights(std::greater<>(), counts);
  std::int64_t cost = 0;
  while (weights.size() > 1) {
    const std::int64_t a = weights.top();
    weights.pop();
    const std::int64_t b = weights.top();
    weights.pop();
    cost += a + b;
    weights.push(a + b);
  }
  return cost;
}

Counts random_counts(std::size_t labels, std::int64_t most, std::int64_t seed) {
  Counts counts(labels);
  const RandomKey key = random_key(seed, 0, 0);
  for (std::size_t i = 0; i < labels; ++i) {
    const double u = random_uniform(key, static_cast<std::uint32_t>(i));
    counts[i] = 1 + static_cast<std::int64_t>(u * u * static_cast<double>(most));
  }
  return counts;
}

TEST_CASE("it is fastText's tree, at the least cost") {
  for (const std::size_t labels : {2U, 3U, 4U, 5U, 8U, 17U, 100U, 1000U}) {
    for (const std::int64_t most : Counts{1, 3, 1000, 100'000'000'000}) {
      CAPTURE(labels);
      CAPTURE(most);
      Counts counts = random_counts(labels, most, static_cast<std::int64_t>(labels));
      std::int64_t cost = 0, depth = 0;
      const std::vector<std::int32_t> tree = huffman_tree(counts);
      const std::vector<Path> paths = paths_of(tree);
      for (std::size_t i = 0; i < labels; ++i) {
        const auto length = static_cast<std::int64_t>(paths[i].nodes.size());
        cost += counts[i] * length;
        depth = std::max(depth, length);
      }
      CHECK(cost == least_cost(counts));
      CHECK(tree_depth(tree) == depth);
      std::ranges::sort(counts, std::ranges::greater());
      CHECK(paths_of(huffman_tree(counts)) == paths_of_fasttext(counts));
    }
  }
}

TEST_CASE("labels keep their numbers where counts do not fall") {
  // 2 joins 0 (left: the rarer), and both join 1.
  CHECK(huffman_tree(Counts{3, 9, 1}) == std::vector<std::int32_t>{1, 3, 0, 2});
  CHECK(huffman_tree(Counts{1, 1}) == std::vector<std::int32_t>{1, 0});
}

TEST_CASE("labels that are equally frequent have paths of nearly one length") {
  for (std::int64_t labels = 2; labels < 70; ++labels) {
    const std::vector<std::int32_t> tree =
        huffman_tree(Counts(static_cast<std::size_t>(labels), 1));
    CHECK(tree_depth(tree) == depth_of_equal_labels(labels));
  }
}

TEST_CASE("Fibonacci's counts give a chain, and no counts a tree all the same") {
  Counts counts{1, 1};
  while (counts.size() < 70) counts.push_back(counts.back() + counts[counts.size() - 2]);
  CHECK(tree_depth(huffman_tree(counts)) == 69);
  CHECK(tree_depth(huffman_tree(Counts(5, 0))) == 4);
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("counts and trees that are none are refused") {
  const auto of = [](const Counts& counts) { return refusal([&] { huffman_tree(counts); }); };
  CHECK(of({4}).find("two labels at least") != std::string::npos);
  CHECK(of({}).find("two labels at least") != std::string::npos);
  CHECK(of({4, -1}).find("the count -1") != std::string::npos);
  CHECK(of({999'999'999'999'998, 1}) == "accepted");
  CHECK(of({999'999'999'999'999, 1}).find("add up to") != std::string::npos);
  CHECK(of({9'000'000'000'000'000'000, 9'000'000'000'000'000'000}).find("add up to") !=
        std::string::npos);
  const auto depth = [](const std::vector<std::int32_t>& tree) {
    return refusal([&] { tree_depth(tree); });
  };
  for (const auto& tree : std::vector<std::vector<std::int32_t>>{
           {}, {0}, {0, 1, 2}, {0, 2}, {0, -1}, {1, 3, 0, 1}, {1, 3, 0, 4}}) {
    CHECK(depth(tree).find("damaged") != std::string::npos);
  }
}

}  // namespace
}  // namespace weft
