// Splitters by the tokenizer's name, and what they have in common.
#include "runtime/text/word_splitter.h"

#include <fmt/format.h>
#include <unicode/uchar.h>

#include "ir/diagnostic.h"
#include "runtime/text/splitting-inl.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

constexpr std::size_t kLongestText = std::size_t{1} << 28;  // NFKC makes 11 bytes of one, at most

SplitWords split_of(const TextSettings& text) {
  const TokenizerDef& tokenizer = tokenizer_of(text);
  if (tokenizer.split != nullptr) return tokenizer.split;
  throw Error(fmt::format("tokenizer={} has a vocabulary of its own", tokenizer.name),
              "what counts words, or has vectors for them, takes another tokenizer");
}

}  // namespace

WordSplitter::WordSplitter(const TextSettings& text)
    : split_(split_of(text)), normalization_{text.lowercase, text.nfkc} {}

void WordSplitter::split(std::string_view text, WordBuffer& buffer, std::size_t limit) const {
  buffer.tokens_.clear();
  buffer.text_.clear();
  split_(text.substr(0, kLongestText), normalization_, limit, buffer);
}

bool is_white_space(char32_t scalar) {
  if (scalar < 0x80) return utf8::is_ascii_space(static_cast<char>(scalar));
  return u_isUWhiteSpace(static_cast<UChar32>(scalar)) != 0;
}

bool is_blank(char32_t scalar) {
  if (scalar < 0x80) return is_ascii_blank(static_cast<char>(scalar));
  const std::int8_t category = u_charType(static_cast<UChar32>(scalar));
  return category == U_CONTROL_CHAR || category == U_FORMAT_CHAR || is_white_space(scalar);
}

WordBreaker& Splitting::breaker() {
  if (!buffer_.breaker_) buffer_.breaker_ = std::make_unique<WordBreaker>();
  return *buffer_.breaker_;
}

void Splitting::push(std::size_t begin, std::size_t end) {
  const std::size_t spelling_begin = buffer_.text_.size();
  append_normalized(text_.substr(begin, end - begin), normalization_, buffer_.text_);
  buffer_.tokens_.push_back({static_cast<std::uint32_t>(spelling_begin),
                             static_cast<std::uint32_t>(buffer_.text_.size()),
                             static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
}

}  // namespace weft
