// The vocabulary of tokenizers that look words up: words to ids and back, over a plan's bytes.
//
// Id 0 is the unknown word, `<unk>`: every word that is not in the vocabulary has it. There is no
// padding id, because sequences are packed end to end.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/text/word_index.h"

namespace weft {

inline constexpr std::int32_t kUnknownWord = 0;
inline constexpr std::string_view kUnknownWordSpelling = "<unk>";

// Words in id order: word i is bytes [offsets[i], offsets[i + 1]).
struct WordList {
  std::string bytes;
  std::vector<std::uint32_t> offsets{0};

  std::size_t size() const { return offsets.size() - 1; }
  std::string_view operator[](std::size_t i) const {
    return std::string_view(bytes).substr(offsets[i], offsets[i + 1] - offsets[i]);
  }
  void add(std::string_view word);
};

// The offsets of a WordList from the ends of its words, as a plan stores them.
std::vector<std::uint32_t> word_offsets(std::span<const std::uint32_t> ends);

// The words of a plan, by their spelling.
class WordTable {
 public:
  // `bytes` and `offsets` are used in place and must live as long as the table. Error unless the
  // offsets ascend from 0 to the size of `bytes`, there is a word, and none occurs twice.
  WordTable(std::string_view bytes, std::span<const std::uint32_t> offsets);

  std::size_t size() const { return offsets_.size() - 1; }
  std::string_view operator[](std::uint32_t id) const {
    return {bytes_.data() + offsets_[id], offsets_[id + 1] - offsets_[id]};
  }

  // The id of `word`, or WordIndex::kAbsent. With its hash, of which prefetch() may have been told
  // before.
  void prefetch(std::uint64_t hash) const { index_.prefetch(hash); }
  std::uint32_t find(std::string_view word) const { return find(word, hash_word(word)); }
  std::uint32_t find(std::string_view word, std::uint64_t hash) const {
    return index_.find(word, hash, [this](std::uint32_t id) { return (*this)[id]; });
  }

 private:
  std::string_view bytes_;
  std::span<const std::uint32_t> offsets_;
  WordIndex index_;
};

class Vocabulary {
 public:
  // Error as of a WordTable, and unless word 0 is `<unk>`.
  Vocabulary(std::string_view bytes, std::span<const std::uint32_t> offsets);
  explicit Vocabulary(const WordList& words) : Vocabulary(words.bytes, words.offsets) {}
  explicit Vocabulary(WordList&&) = delete;

  std::size_t size() const { return words_.size(); }
  std::string_view word(std::int32_t id) const { return words_[static_cast<std::uint32_t>(id)]; }

  // The id of `word`, or 0.
  std::int32_t find(std::string_view word) const { return find(word, hash_word(word)); }

  // The same with the word's hash, of which prefetch() may have been told before.
  void prefetch(std::uint64_t hash) const { words_.prefetch(hash); }
  std::int32_t find(std::string_view word, std::uint64_t hash) const {
    const std::uint32_t id = words_.find(word, hash);
    return id == WordIndex::kAbsent ? kUnknownWord : static_cast<std::int32_t>(id);
  }

 private:
  WordTable words_;
};

}  // namespace weft
