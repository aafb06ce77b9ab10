// How the fields of delimited text are told apart, and how a file shows that.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weft {

struct Dialect {
  char delimiter = ',';
  char quote = '"';    // '\0': quotes are characters like others
  char escape = '\0';  // before a quote, a delimiter or itself; '\0': none

  bool operator==(const Dialect&) const = default;
};

inline constexpr Dialect kCsv = {',', '"', '\0'};
inline constexpr Dialect kTsv = {'\t', '\0', '\0'};

// A single character, or \t, tab, space, none ('\0'); else nothing.
std::optional<char> dialect_character(std::string_view text);

// The dialect of a file that begins with `sample`, if it is `usual` in delimiter: with quotes where
// fields in quotes could be nothing else (all of them are, or quotes inside are doubled or
// escaped), and with `\` as escape where only that lets every quoted field end at a delimiter.
// `whole`: the sample is the whole file.
Dialect recognized_dialect(std::string_view sample, bool whole, const Dialect& usual);

// The delimiter that the first line has where `dialect` finds none: a tab, `;`, `|` or `,`; or
// '\0'.
char other_delimiter(std::string_view line, const Dialect& dialect);

// As a message names it: "a tab", "`;`".
std::string delimiter_name(char delimiter);

}  // namespace weft
