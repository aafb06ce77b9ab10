// An error in one row of a data file.
#pragma once

#include <cstddef>
#include <string>

namespace weft {

// Thrown by the reader of a format. Its caller decides whether reading goes on after the row.
struct BadRow {
  std::size_t line;
  std::size_t column;  // in bytes, from 1
  std::string message;
  std::string remedy;
};

}  // namespace weft
