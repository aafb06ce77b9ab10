// What weft asks ICU about characters and texts; besides there are word_breaker.h and the mappings
// of unicode_classes.h. The answers are in icu/. A build without ICU (WEFT_WITH_ICU=OFF) has
// without_icu.cpp in its place: an Error where they are asked for.
#pragma once

#include <string>
#include <string_view>

#include "runtime/text/utf8.h"

namespace weft {

// Error in a build without ICU: `what` cannot be read there. Asked once, when a plan is loaded.
void require_icu(std::string_view what);

// `White_Space`, which is the same in all versions of Unicode: this needs no ICU.
constexpr bool is_white_space(char32_t c) {
  if (c < 0x80) return utf8::is_ascii_space(static_cast<char>(c));
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_control_or_format(char32_t);  // Cc, Cf
bool is_default_ignorable(char32_t);  // not seen
bool is_word_character(char32_t);     // `\w` of regular expressions

// Appends the text, which is valid UTF-8, in the form NFKC, or in full lower case.
void append_nfkc(std::string_view text, std::string& out);
void append_lower(std::string_view text, std::string& out);

}  // namespace weft
