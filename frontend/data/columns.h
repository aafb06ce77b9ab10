// Which column of a data file is the text and which the label: by request, by name, by position.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "frontend/data/readers.h"

namespace weft {

struct Columns {
  std::size_t text = 0;  // from 0
  std::size_t label = 0;
  std::size_t count = 0;  // of the first row
  bool assumed = false;   // by position alone
};

// The rules are in frontend/data/readers.h. `row` is the first row.
bool is_header(const std::vector<std::string>& row, const ReadOptions& options);

// Error, without a file's name, where the rules do not decide.
Columns columns_by_name(const std::vector<std::string>& names, const ReadOptions& options);
Columns columns_by_position(std::size_t count, const ReadOptions& options);

// The number from 1 that a column was asked for by, or 0 where it was asked for by name or not.
std::size_t column_number(const std::string& asked);

}  // namespace weft
