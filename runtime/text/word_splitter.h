// Text to words, for tokenizers that look words up and for what counts them: white-space separated
// pieces, Unicode words or characters, each with its normalised spelling.
//
// White space is never a word. A text is first cut at ASCII white space, so no word reaches across
// it; pieces in ASCII take a fast path with the same result as ICU's. Words are normalised one by
// one after segmentation, so their byte offsets into the original text are exact. Nothing is an
// error: ill-formed UTF-8 reads as U+FFFD; of a text the first 256 MiB are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/plan/plan.h"
#include "runtime/text/normalize.h"
#include "runtime/text/word_breaker.h"

namespace weft {

inline constexpr std::int64_t kMaxWordNGrams = 8;  // words: as text grows by so many times

struct TextToken {
  std::uint32_t text_begin, text_end;  // its normalised spelling, in WordBuffer
  std::uint32_t begin, end;            // the bytes of the original text it stands for
};

// The words of the last text, then its n-grams of words, and the memory to find the next one's: one
// for each thread.
class WordBuffer {
 public:
  std::span<const TextToken> tokens() const { return tokens_; }
  std::size_t words() const { return words_; }  // the first of the tokens; others are n-grams
  std::string_view text(const TextToken& token) const {
    return {text_.data() + token.text_begin, token.text_end - token.text_begin};
  }

 private:
  friend class Splitting;
  friend class WordSplitter;

  std::vector<TextToken> tokens_;
  std::size_t words_ = 0;
  std::string text_;
  std::unique_ptr<WordBreaker> breaker_;  // made when a text first needs it
};

// Fills an empty buffer with the first `limit` words of a text.
using SplitWords = void (*)(std::string_view text, Normalization, std::size_t limit, WordBuffer&);

class WordSplitter {
 public:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  // As the tokenizer that the settings name cuts and spells. Error if it makes no words.
  explicit WordSplitter(const TextSettings&);

  Normalization normalization() const { return normalization_; }

  // The first `limit` words of `text` and their n-grams, in `buffer`. Safe from many threads, a
  // buffer for each.
  void split(std::string_view text, WordBuffer& buffer, std::size_t limit = kNoLimit) const;

 private:
  void add_ngrams(WordBuffer&) const;

  SplitWords split_;
  Normalization normalization_;
  std::size_t longest_ngram_;  // words
};

}  // namespace weft
