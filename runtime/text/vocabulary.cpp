// Checks the words of a plan, which may come from anyone, and indexes them.
#include "runtime/text/vocabulary.h"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <limits>

#include "ir/diagnostic.h"

namespace weft {
namespace {

constexpr std::size_t kMaxWords = std::numeric_limits<std::int32_t>::max();

void check_offsets(std::string_view bytes, std::span<const std::uint32_t> offsets) {
  if (offsets.size() < 2 || offsets.size() - 1 > kMaxWords) {
    throw Error(fmt::format("the vocabulary has {} word offsets; it must have from 2 to {}",
                            offsets.size(), kMaxWords + 1));
  }
  if (offsets.front() != 0 || offsets.back() != bytes.size()) {
    throw Error(fmt::format("the vocabulary's words span bytes {} to {} of {}", offsets.front(),
                            offsets.back(), bytes.size()));
  }
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    if (offsets[i] <= offsets[i - 1]) {
      throw Error(fmt::format("word {} of the vocabulary ends at byte {}, but begins at {}", i - 1,
                              offsets[i], offsets[i - 1]));
    }
  }
}

}  // namespace

std::uint64_t hash_word(std::string_view word) { return XXH3_64bits(word.data(), word.size()); }

void WordList::add(std::string_view word) {
  if (bytes.size() + word.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error("the vocabulary's words are longer than 4 GiB together",
                "Choose a smaller vocabulary, or one that cuts texts into shorter tokens.");
  }
  bytes.append(word);
  offsets.push_back(static_cast<std::uint32_t>(bytes.size()));
}

std::vector<std::uint32_t> word_offsets(std::span<const std::uint32_t> ends) {
  std::vector<std::uint32_t> offsets{0};
  offsets.insert(offsets.end(), ends.begin(), ends.end());
  return offsets;
}

WordTable::WordTable(std::string_view bytes, std::span<const std::uint32_t> offsets)
    : bytes_(bytes), offsets_(offsets), index_(offsets.size()) {
  check_offsets(bytes, offsets);
  const auto hash_of = [this](std::uint32_t id) { return hash_word((*this)[id]); };
  for (std::uint32_t id = 0; id < size(); ++id) {
    const std::uint64_t hash = hash_of(id);
    const std::uint32_t same = find((*this)[id], hash);
    if (same != WordIndex::kAbsent) {
      throw Error(
          fmt::format("words {} and {} of the vocabulary are both `{}`", same, id, (*this)[id]));
    }
    index_.insert(hash, id, hash_of);
  }
}

Vocabulary::Vocabulary(std::string_view bytes, std::span<const std::uint32_t> offsets)
    : words_(bytes, offsets) {
  if (word(kUnknownWord) == kUnknownWordSpelling) return;
  throw Error(fmt::format("word 0 of the vocabulary is `{}`; it must be `{}`, the unknown word",
                          word(kUnknownWord), kUnknownWordSpelling));
}

}  // namespace weft
