// Merging: a short word by looking at all its pairs again and again, a long one by a heap, so that
// a megabyte of one letter takes no square of its time.
#include "runtime/text/byte_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "ir/diagnostic.h"
#include "runtime/text/vocabulary.h"
#include "runtime/text/word_index.h"

namespace weft {
namespace {

constexpr const char* kRemedy = "take the vocabulary and the merges of one tokenizer, as published";

// The tokens of a vocabulary by their bytes.
class Tokens {
 public:
  Tokens(const VocabularyView& vocabulary, std::span<const SpecialToken> special_tokens)
      : bytes_(vocabulary.words),
        offsets_(word_offsets(vocabulary.ends)),
        index_(vocabulary.ends.size()) {
    std::vector<bool> special(vocabulary.ends.size());
    for (const SpecialToken& token : special_tokens) {
      special[static_cast<std::size_t>(token.id)] = true;
    }
    for (std::uint32_t id = 0; id < special.size(); ++id) {
      if (special[id] || (*this)[id].empty() || add(id)) continue;
      throw Error(fmt::format("tokens {} and {} are the same", find((*this)[id]), id), kRemedy);
    }
    for (const SpecialToken& token : special_tokens) {
      if (!(*this)[static_cast<std::uint32_t>(token.id)].empty()) {
        add(static_cast<std::uint32_t>(token.id));
      }
    }
  }

  std::string_view operator[](std::uint32_t id) const {
    return bytes_.substr(offsets_[id], offsets_[id + 1] - offsets_[id]);
  }

  // -1: none.
  std::int32_t find(std::string_view token) const {
    const auto spelling = [this](std::uint32_t id) { return (*this)[id]; };
    return static_cast<std::int32_t>(index_.find(token, hash_word(token), spelling));
  }

 private:
  bool add(std::uint32_t id) {  // false: its bytes are there already
    const auto hash_of = [this](std::uint32_t of) { return hash_word((*this)[of]); };
    if (find((*this)[id]) >= 0) return false;
    index_.insert(hash_of(id), id, hash_of);
    return true;
  }

  std::string_view bytes_;
  std::vector<std::uint32_t> offsets_;
  WordIndex index_;
};

}  // namespace

BytePairs::BytePairs(const VocabularyView& vocabulary, const SubwordSettings& subwords) {
  const Tokens tokens(vocabulary, subwords.special_tokens);
  for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
    const char c = static_cast<char>(byte);
    const std::int32_t id = tokens.find({&c, 1});
    bytes_[byte] = id >= 0 ? id : subwords.unknown_id;
    if (bytes_[byte] < 0) {
      throw Error(
          fmt::format("the vocabulary has no token of the byte {}, and none is unknown", byte),
          kRemedy);
    }
  }
  const std::span<const std::int32_t> merges = vocabulary.merges;
  std::size_t slots = 16;
  while (slots < merges.size()) slots *= 2;
  merges_.resize(slots);
  std::string joined;
  for (std::size_t i = 0; i + 1 < merges.size(); i += 2) {
    joined.assign(tokens[static_cast<std::uint32_t>(merges[i])]);
    joined.append(tokens[static_cast<std::uint32_t>(merges[i + 1])]);
    const std::int32_t id = tokens.find(joined);
    if (id < 0) {
      throw Error(
          fmt::format("merge {} joins tokens {} and {}, but the vocabulary lacks the result", i / 2,
                      merges[i], merges[i + 1]),
          kRemedy);
    }
    // If a merge is there twice, the later place counts, as in other programs.
    merges_[slot(merges[i], merges[i + 1])] = {merges[i], merges[i + 1],
                                               static_cast<std::uint32_t>(i / 2), id};
  }
  for (Merge& merge : merges_) {
    if (merge.first < 0) merge.rank = kNever;
  }
}

void BytePairs::encode(std::string_view word, Memory& memory,
                       std::vector<std::int32_t>& ids) const {
  if (word.size() <= kShort) return encode_short(word, ids);
  encode_long(word, memory, ids);
}

void BytePairs::encode_short(std::string_view word, std::vector<std::int32_t>& ids) const {
  std::array<std::int32_t, kShort> symbols;
  std::array<Merge, kShort> pairs;  // pairs[i]: symbols i and i + 1
  std::size_t count = word.size();
  for (std::size_t i = 0; i < count; ++i) symbols[i] = bytes_[static_cast<unsigned char>(word[i])];
  for (std::size_t i = 0; i + 1 < count; ++i) pairs[i] = find(symbols[i], symbols[i + 1]);
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) {
      if (pairs[i].rank < pairs[best].rank) best = i;
    }
    if (pairs[best].rank == kNever) break;
    symbols[best] = pairs[best].id;
    --count;
    for (std::size_t i = best + 1; i < count; ++i) {
      symbols[i] = symbols[i + 1];
      pairs[i - 1] = pairs[i];
    }
    if (best + 1 < count) pairs[best] = find(symbols[best], symbols[best + 1]);
    if (best > 0) pairs[best - 1] = find(symbols[best - 1], symbols[best]);
  }
  ids.insert(ids.end(), symbols.data(), symbols.data() + count);
}

namespace {

// For a heap whose top merges first.
constexpr auto kLater = [](const BytePairs::Memory::Candidate& a,
                           const BytePairs::Memory::Candidate& b) {
  return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
};

}  // namespace

void BytePairs::consider(std::uint32_t position, Memory& memory, bool sift) const {
  const Memory::Symbol& symbol = memory.symbols[position];
  if (symbol.next == memory.symbols.size()) return;
  const Merge& merge = find(symbol.id, memory.symbols[symbol.next].id);
  if (merge.rank == kNever) return;
  memory.candidates.push_back({merge.rank, position, merge.id});
  if (sift) std::ranges::push_heap(memory.candidates, kLater);
}

void BytePairs::encode_long(std::string_view word, Memory& memory,
                            std::vector<std::int32_t>& ids) const {
  std::vector<Memory::Symbol>& symbols = memory.symbols;
  const auto size = static_cast<std::uint32_t>(word.size());
  symbols.clear();
  memory.candidates.clear();
  for (std::uint32_t i = 0; i < size; ++i) {
    symbols.push_back({bytes_[static_cast<unsigned char>(word[i])], i - 1, i + 1});
  }
  for (std::uint32_t i = 0; i < size; ++i) consider(i, memory, false);
  std::ranges::make_heap(memory.candidates, kLater);
  while (!memory.candidates.empty()) {
    const Memory::Candidate top = memory.candidates.front();
    std::ranges::pop_heap(memory.candidates, kLater);
    memory.candidates.pop_back();
    Memory::Symbol& symbol = symbols[top.position];
    if (symbol.id == kGone || symbol.next == size) continue;
    Memory::Symbol& next = symbols[symbol.next];
    const Merge& merge = find(symbol.id, next.id);
    if (merge.rank != top.rank) continue;  // one of the two has changed since
    symbol.id = merge.id;
    next.id = kGone;
    symbol.next = next.next;
    if (symbol.next != size) symbols[symbol.next].previous = top.position;
    consider(top.position, memory, true);
    if (top.position != 0) consider(symbol.previous, memory, true);
  }
  for (std::uint32_t i = 0; i < size; i = symbols[i].next) ids.push_back(symbols[i].id);
}

}  // namespace weft
