// Chooses the text and label columns of a data file: by request, by name, by position.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/data/readers.h"

namespace weft {

// Numbers from 0.
struct Columns {
  std::vector<std::size_t> texts;   // one or more
  std::vector<std::size_t> labels;  // several: each holds 0 or 1; none: no labels are read
  std::optional<std::size_t> id;
  std::size_t count = 0;  // of the first row
  bool assumed = false;   // chosen by position alone
};

// True if they differ in case and in the spaces around them at most.
bool same_column_name(std::string_view a, std::string_view b);

// The rules are in frontend/data/readers.h. `row` is the first row.
bool is_header(const std::vector<std::string>& row, const ReadOptions& options);
// True if it holds a usual name of a label or of a text.
bool holds_usual_name(const std::vector<std::string>& row);

// Error, without the name of the file, if the rules do not decide.
Columns columns_by_name(const std::vector<std::string>& names, const ReadOptions& options);
Columns columns_by_position(std::size_t count, const ReadOptions& options);

// `a, b` as {a, b}.
std::vector<std::string> split_at_commas(std::string_view list);

}  // namespace weft
