// Rows of delimited text, by a dialect: with quotes as RFC 4180 has them, or with none.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/data/bad_row.h"
#include "frontend/data/dialect.h"
#include "frontend/data/line_reader.h"

namespace weft {

class RowReader {
 public:
  RowReader(LineReader& lines, const Dialect& dialect) : lines_(lines), dialect_(dialect) {}

  // The fields of the next row that is not an empty line; false at the end. A field that begins
  // with a quote ends at the next single one; two inside stand for one, and a line break inside
  // becomes `\n`. A quote elsewhere stands for itself. After an escape, a quote, a delimiter or
  // another escape stands for itself too. Throws BadRow, at the row's first line; reading then goes
  // on with the line after that.
  bool next(std::vector<std::string>& fields);

  std::size_t line() const { return line_; }  // where the last row begins

 private:
  bool next_line(std::string& line);
  bool parse(std::string_view line, std::vector<std::string>& fields);
  std::size_t add_plain(std::string_view line, std::size_t position, std::string& field) const;
  std::size_t add_quoted(std::string_view line, std::size_t position, std::string& field) const;
  void parse_row(std::vector<std::string>& fields);
  [[noreturn]] void unclosed(const std::string& until);
  [[noreturn]] void fail_again();

  LineReader& lines_;
  Dialect dialect_;
  std::size_t line_ = 0;
  std::string current_;

  bool quoted_ = false;           // inside quotes that the row's lines so far leave open
  std::size_t quote_line_ = 0;    // where these began
  std::size_t quote_column_ = 0;  // of the last that began on the row's first line
  std::string until_;             // where the row was found to be open still
  std::size_t at_line_ = 0;       // the number of current_
  std::vector<std::pair<std::size_t, std::string>> later_lines_;  // of this row
  std::deque<std::pair<std::size_t, std::string>> again_;         // lines after a bad row's first

  // The last bad row's later lines: another row that comes to the beginning of one inside quotes
  // fails as that row did, and need not be read as far.
  struct Hopeless {
    std::size_t begin = 0, end = 0;  // line numbers, both of the row
    std::size_t quote_line = 0;
    std::string until;
    BadRow bad = {};
  };
  Hopeless hopeless_;
};

}  // namespace weft
