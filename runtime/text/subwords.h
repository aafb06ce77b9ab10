// What fastText makes of words (Bojanowski et al. 2017): hashes, and letter groups, which are
// hashed likewise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft {

inline constexpr std::string_view kEndOfText = "</s>";         // a word, which has no letter groups
inline constexpr std::string_view kLabelPrefix = "__label__";  // of words that are labels
inline constexpr std::int32_t kMostLetters = 64;               // of a letter group, here
inline constexpr std::int32_t kMostBuckets = 1 << 28;          // of hashes, here

// FNV-1a as fastText has it: bytes are sign-extended.
inline constexpr std::uint32_t kHashOfNothing = 2166136261U;
constexpr std::uint32_t hash_further(std::uint32_t hash, char byte) {
  const std::int32_t number = static_cast<signed char>(byte);
  return (hash ^ static_cast<std::uint32_t>(number)) * 16777619U;
}
constexpr std::uint32_t fasttext_hash(std::string_view word) {
  std::uint32_t hash = kHashOfNothing;
  for (const char byte : word) hash = hash_further(hash, byte);
  return hash;
}

// Some characters of a marked word, `<word>`, by their bytes in it.
struct Subword {
  std::size_t begin, end;
  std::uint32_t hash;  // fasttext_hash() of them
};

// Calls `use` for every group of `shortest` to `longest` Unicode scalars of `marked`, a word in
// UTF-8 between < and >, but for a lone < or >: by their beginning, then by length; until `use`
// returns false. The hash of a group is that of the one before, taken further: one step a byte.
template <typename Use>
void each_subword(std::string_view marked, std::int32_t shortest, std::int32_t longest, Use&& use) {
  const auto continues = [&](std::size_t i) {
    return i < marked.size() && (static_cast<unsigned char>(marked[i]) & 0xC0U) == 0x80U;
  };
  for (std::size_t begin = 0; begin < marked.size(); ++begin) {
    if (continues(begin)) continue;
    std::uint32_t hash = kHashOfNothing;
    std::size_t end = begin;
    for (std::int32_t length = 1; end < marked.size() && length <= longest; ++length) {
      do {
        hash = hash_further(hash, marked[end]);
      } while (continues(++end));
      const bool lone_mark = length == 1 && (begin == 0 || end == marked.size());
      if (length < shortest || lone_mark) continue;
      if (!use(Subword{begin, end, hash})) return;
    }
  }
}

}  // namespace weft
