// Splitters by the tokenizer's name, and what they have in common.
#include "runtime/text/word_splitter.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/diagnostic.h"
#include "runtime/text/splitting-inl.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

SplitWords split_of(const TextSettings& text) {
  const TokenizerDef& tokenizer = tokenizer_of(text);
  if (tokenizer.split != nullptr) return tokenizer.split;
  throw Error(fmt::format("tokenizer={} has a vocabulary of its own", tokenizer.name),
              "what counts words, or has vectors for them, takes another tokenizer");
}

std::size_t checked_ngrams(const TextSettings& text) {
  if (text.word_ngrams >= 1 && text.word_ngrams <= kMaxWordNGrams) {
    return static_cast<std::size_t>(text.word_ngrams);
  }
  throw Error(fmt::format("there are no n-grams of {} words", text.word_ngrams),
              fmt::format("word_ngrams= is from 1 to {}", kMaxWordNGrams));
}

}  // namespace

WordSplitter::WordSplitter(const TextSettings& text)
    : split_(split_of(text)),
      normalization_{text.lowercase, text.nfkc, text.unify_marks},
      longest_ngram_(tokenizer_of(text).hashes_ngrams ? 1 : checked_ngrams(text)) {}

void WordSplitter::split(std::string_view text, WordBuffer& buffer, std::size_t limit) const {
  buffer.tokens_.clear();
  buffer.text_.clear();
  split_(text.substr(0, kLongestText), normalization_, limit, buffer);
  buffer.words_ = buffer.tokens_.size();
  if (longest_ngram_ > 1) add_ngrams(buffer);
}

// Until they are as long as the longest text, so that places in them have 32 bits.
void WordSplitter::add_ngrams(WordBuffer& buffer) const {
  for (std::size_t first = 0; first < buffer.words_; ++first) {
    if (buffer.text_.size() > kLongestText) return;
    const std::size_t end = std::min(first + longest_ngram_, buffer.words_);
    for (std::size_t last = first + 1; last < end; ++last) {
      const auto begin = static_cast<std::uint32_t>(buffer.text_.size());
      for (std::size_t i = first; i <= last; ++i) {
        const TextToken word = buffer.tokens_[i];
        if (i > first) buffer.text_ += ' ';
        buffer.text_.append(buffer.text_, word.text_begin, word.text_end - word.text_begin);
      }
      buffer.tokens_.push_back({begin, static_cast<std::uint32_t>(buffer.text_.size()),
                                buffer.tokens_[first].begin, buffer.tokens_[last].end});
    }
  }
}

WordBreaker& Splitting::breaker() {
  if (!buffer_.breaker_) buffer_.breaker_ = std::make_unique<WordBreaker>();
  return *buffer_.breaker_;
}

}  // namespace weft
