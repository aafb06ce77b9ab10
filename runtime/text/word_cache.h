// The tokens of words that were cut lately, two in each of the places that hashes name: most words
// of a text are few. Of fixed size; one for each thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
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
    places_.assign(kPlaces, {});
    owner_ = owner;
  }

  // Asks for the memory where a word of that hash is kept, ahead of append().
  void prefetch(std::uint64_t hash) const {
    const Place& place = places_[hash % kPlaces];
    __builtin_prefetch(&place.again);
    __builtin_prefetch(&place.last);
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
    Place& place = places_[hash % kPlaces];
    if (!place.again.holds(word)) {
      if (!place.last.holds(word)) {
        const std::size_t before = ids.size();
        cut();
        return place.last.keep(word, std::span(ids).subspan(before));
      }
      std::swap(place.again, place.last);
    }
    ids.insert(ids.end(), place.again.ids, place.again.ids + place.again.count);
  }

 private:
  struct Entry {
    std::uint8_t size = 0, count = 0;
    char word[22] = {};
    std::int32_t ids[kMaxIds] = {};

    bool holds(std::string_view other) const { return std::string_view(word, size) == other; }
    void keep(std::string_view other, std::span<const std::int32_t> its_ids) {
      if (its_ids.size() > kMaxIds) return;
      size = static_cast<std::uint8_t>(other.size());
      count = static_cast<std::uint8_t>(its_ids.size());
      other.copy(word, other.size());
      std::ranges::copy(its_ids, ids);
    }
  };
  static constexpr std::size_t kLine = 64;  // bytes
  static_assert(sizeof(Entry) % kLine == 0, "entries do not fill cache lines");

  // Of the words of one place, one that came again stays longer than those that come once.
  struct Place {
    Entry again, last;
  };
  static constexpr std::size_t kPlaces = (std::size_t{1} << 19U) / sizeof(Place);  // in 512 KB

  std::vector<Place> places_;
  std::uint64_t owner_ = 0;
};

using WordCache = WordCacheOf<10>;

}  // namespace weft
