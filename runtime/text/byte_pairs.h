// Byte-pair encoding of one word (Sennrich et al. 2016): of all neighbours, those that merge first
// are joined, the leftmost first, until none is left that merges.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ir/plan/plan.h"

namespace weft {

class BytePairs {
 public:
  // Working memory, kept from word to word.
  struct Memory {
    struct Symbol {
      std::int32_t id;  // kGone: it was joined to the one before
      std::uint32_t previous, next;
    };
    struct Candidate {
      std::uint32_t rank, position;
      std::int32_t id;
    };
    std::vector<Symbol> symbols;
    std::vector<Candidate> candidates;  // a heap
  };

  // Error if a token is there twice, a merge gives none, or a byte has no token while there is no
  // unknown one. A special token may have the bytes of another.
  BytePairs(const VocabularyView& vocabulary, const SubwordSettings& subwords);

  // Appends the tokens of a word.
  void encode(std::string_view word, Memory& memory, std::vector<std::int32_t>& ids) const;

 private:
  struct Merge {
    std::int32_t first = -1, second = -1;  // -1: the slot is free
    std::uint32_t rank = 0;
    std::int32_t id = 0;
  };
  static constexpr std::uint32_t kNever = 0xFFFFFFFFU;
  static constexpr std::int32_t kGone = -1;
  static constexpr std::size_t kShort = 32;  // bytes

  // Where the merge of two tokens is, or would be.
  std::size_t slot(std::int32_t first, std::int32_t second) const {
    const std::uint64_t key =
        static_cast<std::uint64_t>(first) << 32U | static_cast<std::uint32_t>(second);
    const std::size_t mask = merges_.size() - 1;
    std::size_t i = static_cast<std::size_t>((key * 0x9E3779B97F4A7C15U) >> 32U) & mask;
    while (merges_[i].first >= 0 && (merges_[i].first != first || merges_[i].second != second)) {
      i = (i + 1) & mask;
    }
    return i;
  }
  const Merge& find(std::int32_t first, std::int32_t second) const {
    return merges_[slot(first, second)];
  }
  void encode_short(std::string_view word, std::vector<std::int32_t>& ids) const;
  void encode_long(std::string_view word, Memory& memory, std::vector<std::int32_t>& ids) const;
  void consider(std::uint32_t position, Memory& memory, bool sift) const;

  std::array<std::int32_t, 256> bytes_{};  // the token of each
  std::vector<Merge> merges_;              // open addressing, at most half full
};

}  // namespace weft
