// How often something odd was seen in a file or an array, and where first.
#pragma once

#include <cstddef>
#include <string>

namespace weft {

// The name of a row in messages: `line 7` in a file, counted from 1; `examples[7]` in an array,
// counted from 0.
inline std::string row_name(std::size_t number, const std::string& array) {
  const std::string digits = std::to_string(number);
  return array.empty() ? "line " + digits : array + '[' + digits + ']';
}

struct Sighting {
  std::size_t count = 0, first = 0;  // the line of the first, from 1; of an array the index

  void at(std::size_t line) {
    if (++count == 1) first = line;
  }
  void add(const Sighting& next) {  // of lines that follow
    if (count == 0) first = next.first;
    count += next.count;
  }
  // For a message: `line 7`, or of several `the first is line 7`.
  std::string where(const std::string& array = {}) const {
    return (count == 1 ? "" : "the first is ") + row_name(first, array);
  }
};

}  // namespace weft
