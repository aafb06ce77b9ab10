// Text to tokens: words, white-space separated pieces, or characters, in their normalised spelling.
//
//   words       Unicode words (UAX #29, ICU's tailoring and dictionaries, which also segment
//               Chinese). Every punctuation mark and symbol is a token of its own: `!` and `?` say
//               something about a text. "It's 3.14!" is `it's` `3.14` `!`.
//   whitespace  what stands between Unicode white space, as given.
//   characters  every Unicode scalar: the usual choice for Chinese.
//
// White space is never a token, nor is, in `words` and `characters`, a run of nothing but control
// and format characters. A text is first cut at ASCII white space (and `words` at `@`), so no token
// reaches across it; pieces in ASCII take a fast path with the same result as ICU's. Tokens are
// normalised one by one after segmentation, so their byte offsets into the original text are exact.
// Nothing is an error: ill-formed UTF-8 reads as U+FFFD; of a text the first 256 MiB are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/text/normalize.h"
#include "runtime/text/words.h"

namespace weft {

enum class TokenizerKind : std::uint8_t { words, whitespace, characters };

std::string_view to_string(TokenizerKind);
std::optional<TokenizerKind> tokenizer_kind(std::string_view name);

struct TokenizerConfig {
  TokenizerKind kind = TokenizerKind::words;
  Normalization normalization;

  bool operator==(const TokenizerConfig&) const = default;
};

struct TextToken {
  std::uint32_t text_begin, text_end;  // its normalised spelling, in TokenBuffer
  std::uint32_t begin, end;            // the bytes of the original text it stands for
};

// The tokens of the last text, and the memory to find the next one's: one for each thread.
class TokenBuffer {
 public:
  std::span<const TextToken> tokens() const { return tokens_; }
  std::string_view text(const TextToken& token) const {
    return {text_.data() + token.text_begin, token.text_end - token.text_begin};
  }

 private:
  friend class Tokenizer;

  std::vector<TextToken> tokens_;
  std::string text_;
  std::unique_ptr<WordBreaker> breaker_;  // made when a text first needs it
};

class Tokenizer {
 public:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  explicit Tokenizer(TokenizerConfig config = {}) : config_(config) {}

  const TokenizerConfig& config() const { return config_; }

  // The first `limit` tokens of `text`, in `buffer`. Safe from many threads, a buffer for each.
  void tokenize(std::string_view text, TokenBuffer& buffer, std::size_t limit = kNoLimit) const;

 private:
  TokenizerConfig config_;
};

}  // namespace weft
