// Rows of delimited text: CSV with quotes as RFC 4180 has them, or TSV, which has none.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/data/bad_row.h"
#include "frontend/data/line_reader.h"

namespace weft {

class RowReader {
 public:
  enum class Style { csv, tsv };

  RowReader(LineReader& lines, Style style) : lines_(lines), style_(style) {}

  // The fields of the next row that is not an empty line; false at the end. In CSV, a field that
  // begins with `"` ends at the next single `"`; `""` inside stands for one, and a line break
  // inside becomes `\n`. A `"` elsewhere stands for itself. Throws BadRow; reading then goes on
  // with the line after the first line of the bad row.
  bool next(std::vector<std::string>& fields);

  std::size_t line() const { return line_; }  // where the last row begins

 private:
  bool next_line(std::string& line);
  bool parse(std::string_view line, std::vector<std::string>& fields);
  void parse_row(std::vector<std::string>& fields);
  [[noreturn]] void unclosed(std::string_view until) const;

  LineReader& lines_;
  Style style_;
  std::size_t line_ = 0;
  std::string current_;

  bool quoted_ = false;         // inside quotes that the row's lines so far leave open
  std::size_t quote_line_ = 0;  // where these began
  std::size_t quote_column_ = 0;
  std::size_t at_line_ = 0;                                       // the number of current_
  std::vector<std::pair<std::size_t, std::string>> later_lines_;  // of this row
  std::deque<std::pair<std::size_t, std::string>> again_;         // lines after a bad row's first
};

}  // namespace weft
