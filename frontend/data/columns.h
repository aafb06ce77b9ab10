// Chooses the text column and the label column of a data file: by request, by name, by position.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "frontend/data/readers.h"

namespace weft {

struct Columns {
  std::size_t text = 0;  // from 0
  std::size_t label = 0;
  std::size_t count = 0;                 // of the first row
  bool assumed = false;                  // chosen by position alone
  std::optional<std::size_t> pair = {};  // of second texts
};

// The rules are in frontend/data/readers.h. `row` is the first row.
bool is_header(const std::vector<std::string>& row, const ReadOptions& options);

// Error, without the name of the file, if the rules do not decide.
Columns columns_by_name(const std::vector<std::string>& names, const ReadOptions& options);
Columns columns_by_position(std::size_t count, const ReadOptions& options);

// The number, from 1, if a column was asked for by number; else 0.
std::size_t column_number(const std::string& asked);

}  // namespace weft
