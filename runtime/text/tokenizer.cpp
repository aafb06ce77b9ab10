// Tokenizing: a text is cut into ASCII stretches, walked with tables, and the pieces that are not.
#include "runtime/text/tokenizer.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <array>

#include "runtime/text/utf8.h"

namespace weft {
namespace {

constexpr std::array<std::string_view, 3> kKindNames{"words", "whitespace", "characters"};
constexpr std::size_t kLongestText = std::size_t{1} << 28;  // NFKC makes 11 bytes of one, at most

bool is_white_space(char32_t scalar) {
  if (scalar < 0x80) return utf8::is_ascii_space(static_cast<char>(scalar));
  return u_isUWhiteSpace(static_cast<UChar32>(scalar)) != 0;
}

// White space, control and format characters: nothing a reader sees.
bool is_blank(char32_t scalar) {
  if (scalar < 0x80) return scalar <= ' ' || scalar == 0x7F;
  const std::int8_t category = u_charType(static_cast<UChar32>(scalar));
  return category == U_CONTROL_CHAR || category == U_FORMAT_CHAR || is_white_space(scalar);
}

bool is_blank(std::string_view segment) {
  for (std::size_t position = 0; position < segment.size();) {
    if (!is_blank(utf8::next(segment, position))) return false;
  }
  return true;
}

std::size_t skip_ascii_space(std::string_view text, std::size_t position) {
  while (position < text.size() && utf8::is_ascii_space(text[position])) ++position;
  return position;
}

std::size_t find_ascii_space(std::string_view text, std::size_t position) {
  while (position < text.size() && !utf8::is_ascii_space(text[position])) ++position;
  return position;
}

// One text on its way to tokens. Positions are bytes of the original text.
class Run {
 public:
  Run(std::string_view text, const TokenizerConfig& config, std::size_t limit,
      std::vector<TextToken>& tokens, std::string& spelling, std::unique_ptr<WordBreaker>& breaker)
      : text_(text),
        config_(config),
        limit_(limit),
        tokens_(tokens),
        spelling_(spelling),
        breaker_(breaker) {}

  void all() {
    for (std::size_t position = 0; position < text_.size() && !full();) {
      // The ASCII stretch ends at its last white space: what follows may belong to a longer word.
      std::size_t end = utf8::find_non_ascii(text_, position);
      if (end < text_.size()) {
        while (end > position && !utf8::is_ascii_space(text_[end - 1])) --end;
      }
      if (end > position) {
        ascii(position, end);
      } else {
        end = find_ascii_space(text_, position);
        unicode(position, end);
      }
      position = end;
    }
  }

 private:
  bool full() const { return tokens_.size() >= limit_; }

  void ascii(std::size_t begin, std::size_t end) {
    const std::size_t spelling_begin = spelling_.size();
    spelling_.append(text_.substr(begin, end - begin));
    if (config_.normalization.lowercase) {
      lowercase_ascii(spelling_.data() + spelling_begin, spelling_.data() + spelling_.size());
    }
    const std::string_view stretch = text_.substr(0, end);
    const auto push = [&](std::size_t from, std::size_t to) {
      const std::size_t shift = spelling_begin - begin;
      tokens_.push_back({static_cast<std::uint32_t>(from + shift),
                         static_cast<std::uint32_t>(to + shift), static_cast<std::uint32_t>(from),
                         static_cast<std::uint32_t>(to)});
    };
    for (std::size_t position = skip_ascii_space(stretch, begin); position < end && !full();
         position = skip_ascii_space(stretch, position)) {
      std::size_t token_end = position + 1;
      if (config_.kind == TokenizerKind::whitespace) {
        token_end = find_ascii_space(stretch, position);
      } else if (config_.kind == TokenizerKind::words) {
        token_end = ascii_word_end(stretch, position);
      }
      const auto first = static_cast<unsigned char>(stretch[position]);
      if (config_.kind == TokenizerKind::whitespace || !is_blank(char32_t{first})) {
        push(position, token_end);
      }
      position = token_end;
    }
  }

  // A piece without ASCII white space.
  void unicode(std::size_t begin, std::size_t end) {
    switch (config_.kind) {
      case TokenizerKind::words:
        return words(begin, end);
      case TokenizerKind::whitespace:
        return pieces(begin, end);
      case TokenizerKind::characters:
        return characters(begin, end);
    }
  }

  void words(std::size_t begin, std::size_t end) {
    // ICU 72 takes `@` for a letter, other versions do not: ICU never sees one, so plans agree.
    while (begin < end && !full()) {
      const std::size_t at = std::min(text_.substr(0, end).find('@', begin), end);
      icu_words(begin, at);
      if (at < end && !full()) push(at, at + 1);
      begin = at + 1;
    }
  }

  void icu_words(std::size_t begin, std::size_t end) {
    if (begin == end) return;
    if (!breaker_) breaker_ = std::make_unique<WordBreaker>();
    breaker_->start(text_.substr(begin, end - begin));
    std::size_t word_begin = begin;
    for (std::int32_t next = breaker_->next(); next >= 0 && !full(); next = breaker_->next()) {
      const std::size_t word_end = begin + static_cast<std::size_t>(next);
      if (!is_blank(text_.substr(word_begin, word_end - word_begin))) push(word_begin, word_end);
      word_begin = word_end;
    }
  }

  void pieces(std::size_t begin, std::size_t end) {
    std::size_t piece_begin = begin;
    for (std::size_t position = begin; position < end && !full();) {
      const std::size_t here = position;
      if (!is_white_space(utf8::next(text_, position))) continue;
      if (here > piece_begin) push(piece_begin, here);
      piece_begin = position;
    }
    if (end > piece_begin && !full()) push(piece_begin, end);
  }

  void characters(std::size_t begin, std::size_t end) {
    for (std::size_t position = begin; position < end && !full();) {
      const std::size_t here = position;
      if (!is_blank(utf8::next(text_, position))) push(here, position);
    }
  }

  void push(std::size_t begin, std::size_t end) {
    const std::size_t spelling_begin = spelling_.size();
    append_normalized(text_.substr(begin, end - begin), config_.normalization, spelling_);
    tokens_.push_back({static_cast<std::uint32_t>(spelling_begin),
                       static_cast<std::uint32_t>(spelling_.size()),
                       static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  }

  std::string_view text_;
  const TokenizerConfig& config_;
  std::size_t limit_;
  std::vector<TextToken>& tokens_;
  std::string& spelling_;
  std::unique_ptr<WordBreaker>& breaker_;
};

}  // namespace

std::string_view to_string(TokenizerKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::optional<TokenizerKind> tokenizer_kind(std::string_view name) {
  const auto found = std::find(kKindNames.begin(), kKindNames.end(), name);
  if (found == kKindNames.end()) return std::nullopt;
  return static_cast<TokenizerKind>(found - kKindNames.begin());
}

void Tokenizer::tokenize(std::string_view text, TokenBuffer& buffer, std::size_t limit) const {
  buffer.tokens_.clear();
  buffer.text_.clear();
  Run(text.substr(0, kLongestText), config_, limit, buffer.tokens_, buffer.text_, buffer.breaker_)
      .all();
}

}  // namespace weft
