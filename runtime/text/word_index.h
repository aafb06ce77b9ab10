// A hash index from words to their numbers: open addressing over words that are stored elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weft {

std::uint64_t hash_word(std::string_view word);  // XXH3

class WordIndex {
 public:
  static constexpr std::uint32_t kAbsent = 0xFFFFFFFFU;

  // Room for `words` words before the first growth.
  explicit WordIndex(std::size_t words = 0) : slots_(slots_for(words)) {}

  // Asks for the memory where a search for that hash begins, ahead of the search.
  void prefetch(std::uint64_t hash) const {
    __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
  }

  // The number of `word`, whose hash is `hash`; `spelling(number)` gives the stored words.
  template <typename Spelling>
  std::uint32_t find(std::string_view word, std::uint64_t hash, Spelling&& spelling) const {
    const auto tag = static_cast<std::uint32_t>(hash >> 32U);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
      const Slot& slot = slots_[i];
      if (slot.number == kAbsent) return kAbsent;
      if (slot.tag == tag && spelling(slot.number) == word) return slot.number;
    }
  }

  // Adds a word that is not in the index. `hash_of(number)` gives the stored words' hashes; it is
  // called when the index grows.
  template <typename HashOf>
  void insert(std::uint64_t hash, std::uint32_t number, HashOf&& hash_of) {
    if (slots_for(size_ + 1) > slots_.size()) grow(hash_of);
    place(hash, number);
    ++size_;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;  // the upper half of the hash; the lower half chooses the slot
    std::uint32_t number = kAbsent;
  };

  // A power of two, at most half full: a search for an absent word is short.
  static std::size_t slots_for(std::size_t words) {
    std::size_t slots = 16;
    while (slots < 2 * words) slots *= 2;
    return slots;
  }

  void place(std::uint64_t hash, std::uint32_t number) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = hash & mask;
    while (slots_[i].number != kAbsent) i = (i + 1) & mask;
    slots_[i] = {static_cast<std::uint32_t>(hash >> 32U), number};
  }

  template <typename HashOf>
  void grow(HashOf&& hash_of) {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number != kAbsent) place(hash_of(slot.number), slot.number);
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace weft
