// The spelling of a token in the vocabulary: NFKC and lower case, by ICU.
#pragma once

#include <string>
#include <string_view>

namespace weft {

struct Normalization {
  bool lowercase = true;
  bool nfkc = true;  // full-width and other compatibility forms become the plain ones
  // With nfkc: characters that are not seen (Unicode's default ignorable ones: variation selectors,
  // soft hyphens, joiners) are dropped, and the apostrophes ’ ‘ ʼ become '.
  bool unify_marks = false;

  bool operator==(const Normalization&) const = default;
};

// Appends the normalised form of one token: NFKC, then the locale-independent full lower case.
// Ill-formed UTF-8 becomes U+FFFD. Of a token that is not seen nothing is appended.
void append_normalized(std::string_view token, Normalization, std::string& out);

// Lower case in place, ASCII letters only.
void lowercase_ascii(char* begin, const char* end);

}  // namespace weft
