// Splitters by the tokenizer's name, and what they have in common.
#include "runtime/text/word_splitter.h"

#include <fmt/format.h>

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

}  // namespace

WordSplitter::WordSplitter(const TextSettings& text)
    : split_(split_of(text)), normalization_{text.lowercase, text.nfkc, text.unify_marks} {}

void WordSplitter::split(std::string_view text, WordBuffer& buffer, std::size_t limit) const {
  buffer.tokens_.clear();
  buffer.text_.clear();
  split_(text.substr(0, kLongestText), normalization_, limit, buffer);
}

WordBreaker& Splitting::breaker() {
  if (!buffer_.breaker_) buffer_.breaker_ = std::make_unique<WordBreaker>();
  return *buffer_.breaker_;
}

}  // namespace weft
