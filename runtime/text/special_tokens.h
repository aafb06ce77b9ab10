// Special tokens are cut from a text before anything else is done to it: the leftmost first, of
// those that begin together the longest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "ir/plan/plan.h"
#include "runtime/text/byte_trie.h"

namespace weft {

// True if one of them is a token only where no letter or digit touches it.
bool has_whole_word_token(const TextSettings&);

class SpecialTokens {
 public:
  // The tokens are used in place and must live as long.
  explicit SpecialTokens(std::span<const SpecialToken> tokens);

  // Cuts the text, in order, into tokens, `token(SpecialToken, begin, end)`, and what is between
  // them, `between(begin, end)`, until one of these returns false.
  template <class Token, class Between>
  void cut(std::string_view text, Token&& token, Between&& between) const {
    // Those that look for normalised text see only what the others leave.
    cut_by(raw_, text, 0, text.size(), token, [&](std::size_t begin, std::size_t end) {
      return cut_by(normalized_, text, begin, end, token, between);
    });
  }

 private:
  struct Found {
    const SpecialToken* token = nullptr;
    std::size_t begin = 0, end = 0;
  };

  class Set {
   public:
    void add(const SpecialToken& token, std::int32_t number);
    bool empty() const { return firsts_.empty(); }
    // The next token of `text` at or behind `position`.
    Found find(std::string_view text, std::size_t position,
               std::span<const SpecialToken> tokens) const;

   private:
    std::size_t find_first(std::string_view text, std::size_t position) const;

    ByteTrie trie_;
    std::uint32_t root_ = trie_.add_root();
    std::string_view firsts_;  // the first byte of the first token
    std::array<bool, 256> is_first_{};
    bool same_first_ = true;
  };

  template <class Token, class Between>
  bool cut_by(const Set& set, std::string_view text, std::size_t begin, std::size_t end,
              Token& token, Between&& between) const {
    if (set.empty()) return begin == end || between(begin, end);
    const std::string_view piece = text.substr(begin, end - begin);
    std::size_t done = 0;
    for (;;) {
      const Found found = set.find(piece, done, tokens_);
      const std::size_t until = found.token == nullptr ? piece.size() : found.begin;
      if (until > done && !between(begin + done, begin + until)) return false;
      if (found.token == nullptr) return true;
      if (!token(*found.token, begin + found.begin, begin + found.end)) return false;
      done = found.end;
    }
  }

  std::span<const SpecialToken> tokens_;
  Set raw_, normalized_;
};

}  // namespace weft
