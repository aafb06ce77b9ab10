// UTF-8, read without trust: what is ill-formed reads as U+FFFD and never as an error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft::utf8 {

inline constexpr char32_t kReplacement = 0xFFFD;

// The scalar at `position`, which moves behind it. An ill-formed sequence reads as one U+FFFD for
// each maximal part of it that begins a well-formed one (Unicode 15, section 3.9), as in ICU.
char32_t next(std::string_view text, std::size_t& position);

// Where the scalar begins that ends at `end`, which is not 0.
std::size_t before(std::string_view text, std::size_t end);

void append(char32_t scalar, std::string& out);

// Appends `text` with its ill-formed sequences replaced by U+FFFD.
void append_valid(std::string_view text, std::string& out);

bool is_valid(std::string_view text);

// The position of the first byte at or after `position` that is not ASCII, or the size of `text`.
std::size_t find_non_ascii(std::string_view text, std::size_t position);

// `\t \n \v \f \r` and space: the white space among ASCII.
constexpr bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The first position at or after `position` that is no such white space, or that is; or the end.
inline std::size_t skip_ascii_space(std::string_view text, std::size_t position) {
  while (position < text.size() && is_ascii_space(text[position])) ++position;
  return position;
}
inline std::size_t find_ascii_space(std::string_view text, std::size_t position) {
  while (position < text.size() && !is_ascii_space(text[position])) ++position;
  return position;
}

}  // namespace weft::utf8
