// Finding special tokens, and the white space that goes with them.
#include "runtime/text/special_tokens.h"

#include <algorithm>

#include "runtime/text/unicode.h"
#include "runtime/text/unicode_classes.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

bool is_space(char32_t c) { return (character_classes()[c] & kSpace) != 0; }

// ICU may not know the latest letters.
bool is_part_of_word(char32_t c) {
  return (character_classes()[c] & kLetter) != 0 || is_word_character(c);
}

char32_t at(std::string_view text, std::size_t position) { return utf8::next(text, position); }

}  // namespace

bool has_whole_word_token(const TextSettings& text) {
  return std::ranges::any_of(text.subwords.special_tokens, &SpecialToken::whole_word);
}

SpecialTokens::SpecialTokens(std::span<const SpecialToken> tokens) : tokens_(tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    (tokens[i].normalized ? normalized_ : raw_).add(tokens[i], static_cast<std::int32_t>(i));
  }
}

void SpecialTokens::Set::add(const SpecialToken& token, std::int32_t number) {
  trie_.add(root_, token.text, number);
  const std::string_view first = std::string_view(token.text).substr(0, 1);
  if (firsts_.empty()) firsts_ = first;
  same_first_ = same_first_ && firsts_ == first;
  is_first_[static_cast<unsigned char>(first.front())] = true;
}

std::size_t SpecialTokens::Set::find_first(std::string_view text, std::size_t position) const {
  if (same_first_) return std::min(text.find(firsts_.front(), position), text.size());
  while (position < text.size() && !is_first_[static_cast<unsigned char>(text[position])]) {
    ++position;
  }
  return position;
}

SpecialTokens::Found SpecialTokens::Set::find(std::string_view text, std::size_t position,
                                              std::span<const SpecialToken> tokens) const {
  for (std::size_t i = find_first(text, position); i < text.size(); i = find_first(text, i)) {
    const ByteTrie::Match match = trie_.longest(root_, text, i);
    if (match.number == ByteTrie::kNothing) {
      ++i;
      continue;
    }
    const SpecialToken& token = tokens[static_cast<std::size_t>(match.number)];
    Found found{&token, i, match.end};
    i = match.end;
    if (token.whole_word &&
        ((found.begin > 0 && is_part_of_word(at(text, utf8::before(text, found.begin)))) ||
         (found.end < text.size() && is_part_of_word(at(text, found.end))))) {
      continue;
    }
    while (token.takes_space_before && found.begin > position &&
           is_space(at(text, utf8::before(text, found.begin)))) {
      found.begin = utf8::before(text, found.begin);
    }
    while (token.takes_space_after && found.end < text.size() && is_space(at(text, found.end))) {
      utf8::next(text, found.end);
    }
    return found;
  }
  return {};
}

}  // namespace weft
