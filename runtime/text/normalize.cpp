// Normalisation: shortcuts for ASCII and for Han characters, which are their own form; else ICU.
#include "runtime/text/normalize.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "runtime/text/unicode.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

// Only U+4000 to U+9FFF (lead bytes E4 to E9): nearly all Chinese text. None of it changes.
bool is_plain_han(std::string_view token) {
  if (token.size() % 3 != 0) return false;
  const auto is_continuation = [](char c) { return (static_cast<unsigned>(c) & 0xC0U) == 0x80U; };
  for (std::size_t i = 0; i < token.size(); i += 3) {
    const auto lead = static_cast<unsigned char>(token[i]);
    if (lead < 0xE4 || lead > 0xE9) return false;
    if (!is_continuation(token[i + 1]) || !is_continuation(token[i + 2])) return false;
  }
  return true;
}

// True for the first bytes of characters that unify_marks changes, and of many others.
constexpr bool may_begin_mark(char c) {
  constexpr std::string_view kFirst = "\xC2\xCA\xCD\xD8\xE1\xE2\xE3\xEF\xF0\xF3";
  return kFirst.find(c) != std::string_view::npos;
}

// Valid UTF-8 without the characters that are not seen, and with one apostrophe.
std::string with_plain_marks(std::string_view token) {
  std::string plain;
  for (std::size_t position = 0; position < token.size();) {
    const std::size_t begin = position;
    const char32_t scalar = utf8::next(token, position);
    const bool apostrophe = scalar == 0x2018 || scalar == 0x2019 || scalar == 0x02BC;
    if (apostrophe) {
      plain += '\'';
    } else if (!is_default_ignorable(scalar)) {
      plain.append(token.substr(begin, position - begin));
    }
  }
  return plain;
}

}  // namespace

void lowercase_ascii(char* begin, const char* end) {
  // Eight at a time: the sums' high bits say which of the lower seven bits reach `A`, and pass `Z`.
  constexpr std::uint64_t ones = 0x0101010101010101U;
  for (; end - begin >= 8; begin += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, begin, sizeof eight);
    const std::uint64_t low = eight & 0x7F * ones;
    const std::uint64_t from_a = low + (0x80 - 'A') * ones, past_z = low + (0x7F - 'Z') * ones;
    const std::uint64_t upper = (from_a ^ past_z) & ~eight & 0x80 * ones;
    eight |= upper >> 2U;
    std::memcpy(begin, &eight, sizeof eight);
  }
  for (; begin != end; ++begin) {
    const bool upper = *begin >= 'A' && *begin <= 'Z';
    *begin = static_cast<char>(*begin | (upper ? 0x20 : 0));
  }
}

void append_normalized(std::string_view token, Normalization form, std::string& out) {
  const std::size_t begin = out.size();
  if (utf8::find_non_ascii(token, 0) == token.size()) {
    out.append(token);
    if (form.lowercase) lowercase_ascii(out.data() + begin, out.data() + out.size());
    return;
  }
  if (is_plain_han(token)) {
    out.append(token);
    return;
  }
  std::string valid;
  if (!utf8::is_valid(token)) {
    utf8::append_valid(token, valid);
    token = valid;
  }
  std::string plain;
  if (form.nfkc && form.unify_marks && std::ranges::any_of(token, may_begin_mark)) {
    plain = with_plain_marks(token);
    token = plain;
  }
  if (form.nfkc && form.lowercase) {
    std::string composed;
    append_nfkc(token, composed);
    append_lower(composed, out);
  } else if (form.nfkc) {
    append_nfkc(token, out);
  } else if (form.lowercase) {
    append_lower(token, out);
  } else {
    out.append(token);
  }
}

}  // namespace weft
