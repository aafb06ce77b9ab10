// Text to word ids: a tokenizer and a vocabulary, the way predicting and training both read text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/text/tokenizer.h"
#include "runtime/text/vocabulary.h"

namespace weft {

// The bytes of the original text that a token stands for.
struct TextSpan {
  std::uint32_t begin, end;
  bool operator==(const TextSpan&) const = default;
};

class Encoder {
 public:
  // Of each text the first `max_tokens` tokens count; 0: all.
  Encoder(TokenizerConfig config, Vocabulary vocabulary, std::size_t max_tokens)
      : tokenizer_(config),
        vocabulary_(std::move(vocabulary)),
        max_tokens_(max_tokens == 0 ? Tokenizer::kNoLimit : max_tokens) {}

  const Tokenizer& tokenizer() const { return tokenizer_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }

  // Appends the ids of the text's tokens, and where asked their places; returns how many. An empty
  // text has none. Safe from many threads, a buffer for each.
  std::size_t encode(std::string_view text, TokenBuffer& buffer, std::vector<std::int32_t>& ids,
                     std::vector<TextSpan>* places = nullptr) const;

 private:
  Tokenizer tokenizer_;
  Vocabulary vocabulary_;
  std::size_t max_tokens_;
};

}  // namespace weft
