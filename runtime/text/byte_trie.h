// A trie over bytes, for longest matches: its edges are a hash table of open addressing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weft {

class ByteTrie {
 public:
  static constexpr std::uint32_t kNowhere = 0;
  static constexpr std::int32_t kNothing = -1;

  // Room for words of so many bytes in all before the first growth.
  explicit ByteTrie(std::size_t bytes = 0);

  // A new place where words can begin; one trie may hold several sets of words.
  std::uint32_t add_root();

  // Adds a word that is not empty. Returns false if it is there already.
  bool add(std::uint32_t root, std::string_view word, std::int32_t number);

  // The node behind `node` by `byte`; kNowhere if no word goes on so.
  std::uint32_t step(std::uint32_t node, char byte) const {
    const std::uint32_t key = key_of(node, byte);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash(key) & mask;; i = (i + 1) & mask) {
      if (slots_[i].key == key) return slots_[i].child;
      if (slots_[i].child == kNowhere) return kNowhere;
    }
  }

  // The number of the word that ends at `node`, or kNothing.
  std::int32_t number(std::uint32_t node) const { return numbers_[node]; }

  struct Match {
    std::int32_t number = kNothing;
    std::size_t end = 0;
  };
  // The longest word that begins at `begin`, or none.
  Match longest(std::uint32_t root, std::string_view text, std::size_t begin) const {
    Match match;
    std::uint32_t node = root;
    for (std::size_t i = begin; i < text.size(); ++i) {
      node = step(node, text[i]);
      if (node == kNowhere) break;
      if (numbers_[node] != kNothing) match = {numbers_[node], i + 1};
    }
    return match;
  }

 private:
  struct Slot {
    std::uint32_t key = 0;
    std::uint32_t child = kNowhere;  // kNowhere: the slot is free
  };

  static std::uint32_t key_of(std::uint32_t node, char byte) {
    return node << 8U | static_cast<unsigned char>(byte);
  }
  static std::size_t hash(std::uint32_t key) {
    return static_cast<std::size_t>((key * std::uint64_t{0x9E3779B97F4A7C15U}) >> 32U);
  }
  std::uint32_t add_node();
  void place(const Slot& slot);
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::vector<std::int32_t> numbers_;
  std::size_t edges_ = 0;
};

}  // namespace weft
