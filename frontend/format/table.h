// Tables in plain text, aligned as a terminal shows them: a Chinese character takes two columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// The columns a terminal uses for `text`.
std::size_t display_width(std::string_view text);

// The beginning of `text` that fits into `width` columns, with an ellipsis if something is left
// out.
std::string shortened(std::string_view text, std::size_t width);

// The first column is aligned to the left, the others to the right.
class TextTable {
 public:
  struct Cell {
    Cell(std::string shown) : text(std::move(shown)) {}  // NOLINT: a cell is its text
    Cell(const char* shown) : text(shown) {}             // NOLINT
    Cell(std::string shown, std::string escape)
        : text(std::move(shown)), style(std::move(escape)) {}

    std::string text;
    std::string style;  // a terminal escape sequence before the cell, undone after it; or empty
  };

  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  std::string str(std::string_view indent = "") const;

 private:
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace weft
