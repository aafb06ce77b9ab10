// The tokenizer `words`: Unicode words (UAX #29, ICU's tailoring and dictionaries, which also
// segment Chinese). Every punctuation mark and symbol is a token of its own: `!` and `?` say
// something about a text. "It's 3.14!" is `it's` `3.14` `!`. A run of nothing but control and
// format characters is none.
#include "runtime/text/words.h"

#include <algorithm>

#include "runtime/text/splitting-inl.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/word_lookup.h"

namespace weft {
namespace {

bool is_blank_segment(std::string_view segment) {
  for (std::size_t position = 0; position < segment.size();) {
    if (!is_blank(utf8::next(segment, position))) return false;
  }
  return true;
}

void icu_words(Splitting& splitting, std::size_t begin, std::size_t end) {
  if (begin == end) return;
  const std::string_view text = splitting.text();
  WordBreaker& breaker = splitting.breaker();
  breaker.start(text.substr(begin, end - begin));
  std::size_t word_begin = begin;
  for (std::int32_t next = breaker.next(); next >= 0 && !splitting.full(); next = breaker.next()) {
    const std::size_t word_end = begin + static_cast<std::size_t>(next);
    if (!is_blank_segment(text.substr(word_begin, word_end - word_begin))) {
      splitting.push(word_begin, word_end);
    }
    word_begin = word_end;
  }
}

struct WordRules {
  static constexpr bool kKeepsBlanks = false;

  static std::size_t ascii_end(std::string_view ascii, std::size_t begin) {
    return ascii_word_end(ascii, begin);
  }

  // ICU 72 takes `@` for a letter, other versions do not: ICU never sees one, so plans agree.
  static void unicode(Splitting& splitting, std::size_t begin, std::size_t end) {
    while (begin < end && !splitting.full()) {
      const std::size_t at = std::min(splitting.text().substr(0, end).find('@', begin), end);
      icu_words(splitting, begin, at);
      if (at < end && !splitting.full()) splitting.push(at, at + 1);
      begin = at + 1;
    }
  }
};

}  // namespace

void split_words(std::string_view text, Normalization normalization, std::size_t limit,
                 WordBuffer& buffer) {
  split_by<WordRules>(text, normalization, limit, buffer);
}

namespace tokenizers {
extern const TokenizerDef words{
    .name = "words",
    .doc = "Unicode words, Chinese ones by dictionary; each punctuation mark alone",
    .make = make_word_lookup,
    .split = split_words,
    .looks_up_words = true,
    .alternative = "whitespace",
    .needs_icu = [](const TextSettings&) { return true; },
};
}  // namespace tokenizers

}  // namespace weft
