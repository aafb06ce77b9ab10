// How often something odd was seen in a file, and where first.
#pragma once

#include <cstddef>
#include <string>

namespace weft {

struct Sighting {
  std::size_t count = 0, first = 0;  // the line of the first, from 1

  void at(std::size_t line) {
    if (++count == 1) first = line;
  }
  void add(const Sighting& next) {  // of lines that follow
    if (count == 0) first = next.first;
    count += next.count;
  }
  // For a message: `line 7`, or of several `the first is line 7`.
  std::string where() const {
    return (count == 1 ? "line " : "the first is line ") + std::to_string(first);
  }
};

}  // namespace weft
