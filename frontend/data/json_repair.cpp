// One pass over the line, which knows strings from what is between them.
#include "frontend/data/json_repair.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace weft {
namespace {

// The number of an escape `\uXXXX` that begins at `at`; 0 where none does.
unsigned escaped_unit(std::string_view line, std::size_t at) {
  if (at + 6 > line.size() || line[at] != '\\' || line[at + 1] != 'u') return 0;
  unsigned unit = 0;
  const char* const end = line.data() + at + 6;
  const auto [stopped, error] = std::from_chars(line.data() + at + 2, end, unit, 16);
  return error == std::errc{} && stopped == end ? unit : 0;
}

bool is_high(unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low(unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; }

// Copies the string that begins at `at` with its quote; returns where it ends.
std::size_t copy_string(std::string_view line, std::size_t at, std::string& out,
                        std::size_t& surrogates) {
  out += line[at++];
  while (at < line.size() && line[at] != '"') {
    if (line[at] != '\\') {
      out += line[at++];
      continue;
    }
    const unsigned unit = escaped_unit(line, at);
    std::size_t size = 2;
    if (is_high(unit) && is_low(escaped_unit(line, at + 6))) {
      size = 12;
    } else if (is_high(unit) || is_low(unit)) {
      out += "\\uFFFD";
      ++surrogates;
      at += 6;
      continue;
    }
    out += line.substr(at, size);
    at += size;
  }
  if (at < line.size()) out += line[at++];
  return std::min(at, line.size());
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '-' || c == '.';
}

bool is_no_number(std::string_view word) {
  constexpr std::array<std::string_view, 6> kNames = {"NaN",      "nan",       "-NaN",
                                                      "Infinity", "-Infinity", "+Infinity"};
  for (const std::string_view name : kNames) {
    if (word == name) return true;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  // Too small a number is 0 for every reader.
  return error == std::errc::result_out_of_range && end == word.data() + word.size() &&
         word.find("e-") == std::string_view::npos && word.find("E-") == std::string_view::npos;
}

}  // namespace

std::string repaired_json(std::string_view line, JsonRepairs& repairs) {
  std::string out;
  repairs = {};
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] == '"') {
      at = copy_string(line, at, out, repairs.surrogates);
    } else if (is_word(line[at])) {
      const std::size_t begin = at;
      while (at < line.size() && is_word(line[at])) ++at;
      const std::string_view word = line.substr(begin, at - begin);
      const bool lost = is_no_number(word);
      if (lost && repairs.no_number.empty()) repairs.no_number = word;
      out += lost ? std::string_view("null") : word;
    } else {
      out += line[at++];
    }
  }
  return out;
}

}  // namespace weft
