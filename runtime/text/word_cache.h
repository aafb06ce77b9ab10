// The tokens of words that were cut lately, each in the one place that its hash says: most words of
// a text are few. Of fixed size; one for each thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>
#include <vector>

#include "runtime/text/word_index.h"

namespace weft {

template <std::size_t kMaxIds>
class WordCacheOf {
 public:
  // Tells encoders apart, which may share a thread's cache in turn.
  static std::uint64_t new_owner() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
  }

  // Forgets the words of any other encoder.
  void own(std::uint64_t owner) {
    if (owner_ == owner) return;
    entries_.assign(kEntries, {});
    owner_ = owner;
  }

  // Asks for the memory where a word of that hash is kept, ahead of append().
  void prefetch(std::uint64_t hash) const {
    const auto* const entry = reinterpret_cast<const char*>(&entries_[hash % kEntries]);
    for (std::size_t i = 0; i < sizeof(Entry); i += kLine) __builtin_prefetch(entry + i);
  }

  // Appends the tokens of a word, which `cut()` appends if they are not known.
  template <class Cut>
  void append(std::string_view word, std::vector<std::int32_t>& ids, Cut&& cut) {
    append(word, hash_word(word), ids, cut);
  }
  // The same with the word's hash.
  template <class Cut>
  void append(std::string_view word, std::uint64_t hash, std::vector<std::int32_t>& ids,
              Cut&& cut) {
    if (word.size() > sizeof(Entry::word)) return cut();
    Entry& entry = entries_[hash % kEntries];
    if (entry.size == word.size() && std::memcmp(entry.word, word.data(), word.size()) == 0) {
      ids.insert(ids.end(), entry.ids, entry.ids + entry.count);
      return;
    }
    const std::size_t before = ids.size();
    cut();
    const std::size_t count = ids.size() - before;
    if (count > std::size(entry.ids)) return;
    entry.size = static_cast<std::uint8_t>(word.size());
    entry.count = static_cast<std::uint8_t>(count);
    word.copy(entry.word, word.size());
    std::copy(ids.begin() + static_cast<std::ptrdiff_t>(before), ids.end(), entry.ids);
  }

 private:
  struct Entry {
    std::uint8_t size = 0, count = 0;
    char word[22] = {};
    std::int32_t ids[kMaxIds] = {};
  };
  static constexpr std::size_t kLine = 64;  // bytes
  static_assert(sizeof(Entry) % kLine == 0, "entries do not fill cache lines");
  static constexpr std::size_t kEntries = (std::size_t{1} << 19U) / sizeof(Entry);  // in 512 KB

  std::vector<Entry> entries_;
  std::uint64_t owner_ = 0;
};

using WordCache = WordCacheOf<10>;

}  // namespace weft
