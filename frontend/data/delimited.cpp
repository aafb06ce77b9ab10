// A row is parsed line by line, because most rows are one line; quotes may leave it open.
#include "frontend/data/delimited.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace weft {
namespace {

constexpr std::size_t kLongestRow = std::size_t{64} << 20;

}  // namespace

bool RowReader::next_line(std::string& line) {
  if (!again_.empty()) {
    at_line_ = again_.front().first;
    line = std::move(again_.front().second);
    again_.pop_front();
    return true;
  }
  std::string_view view;
  if (!lines_.next(view)) return false;
  at_line_ = lines_.line();
  line.assign(view);
  return true;
}

bool RowReader::next(std::vector<std::string>& fields) {
  do {
    if (!next_line(current_)) return false;
  } while (current_.empty());
  line_ = at_line_;
  fields.clear();
  quoted_ = false;
  later_lines_.clear();
  until_.clear();
  try {
    parse_row(fields);
  } catch (const BadRow& bad) {
    if (!later_lines_.empty()) {
      hopeless_ = {line_ + 1, later_lines_.back().first, quote_line_, until_, bad};
    }
    again_.insert(again_.begin(), std::make_move_iterator(later_lines_.begin()),
                  std::make_move_iterator(later_lines_.end()));
    throw;
  }
  return true;
}

void RowReader::parse_row(std::vector<std::string>& fields) {
  std::size_t size = current_.size();
  while (!parse(current_, fields)) {
    if (hopeless_.begin <= at_line_ + 1 && at_line_ < hopeless_.end) fail_again();
    if (!next_line(current_)) unclosed("the end of the file");
    later_lines_.emplace_back(at_line_, current_);
    fields.back() += '\n';
    size += current_.size() + 1;
    if (size > kLongestRow) unclosed("64 MiB later");
  }
}

void RowReader::fail_again() {
  if (hopeless_.quote_line > at_line_) quote_line_ = hopeless_.quote_line;
  if (!hopeless_.until.empty()) unclosed(hopeless_.until);
  throw BadRow{line_, quote_column_, hopeless_.bad.message, hopeless_.bad.remedy};
}

void RowReader::unclosed(const std::string& until) {
  until_ = until;
  const std::string which = quote_line_ == line_
                                ? "this quote"
                                : fmt::format("a quote that opens on line {}", quote_line_);
  throw BadRow{line_, quote_column_, fmt::format("{} is still open at {}", which, until),
               "Close it, and write a quote inside quotes twice (\"\"); --quote none is for files "
               "without quotes."};
}

// Adds a field without quotes to `field`; returns where it ends.
std::size_t RowReader::add_plain(std::string_view line, std::size_t position,
                                 std::string& field) const {
  if (dialect_.escape == '\0') {
    const std::size_t end = std::min(line.find(dialect_.delimiter, position), line.size());
    field = line.substr(position, end - position);
    return end;
  }
  for (; position < line.size() && line[position] != dialect_.delimiter; ++position) {
    const char next = position + 1 < line.size() ? line[position + 1] : '\0';
    if (line[position] == dialect_.escape && next != '\0' &&
        (next == dialect_.delimiter || next == dialect_.quote || next == dialect_.escape)) {
      ++position;
    }
    field += line[position];
  }
  return position;
}

// Adds what stands in quotes; returns where the quote is that closes them, or the line's size.
std::size_t RowReader::add_quoted(std::string_view line, std::size_t position,
                                  std::string& field) const {
  const std::array<char, 2> special{dialect_.quote,
                                    dialect_.escape == '\0' ? dialect_.quote : dialect_.escape};
  for (;;) {
    const std::size_t found = special[0] == special[1]
                                  ? line.find(special[0], position)
                                  : line.find_first_of({special.data(), 2}, position);
    if (found == std::string_view::npos) {
      field += line.substr(position);
      return line.size();
    }
    field += line.substr(position, found - position);
    const char next = found + 1 < line.size() ? line[found + 1] : '\0';
    const bool pair = next != '\0' && (next == dialect_.quote || next == dialect_.escape);
    if (line[found] == dialect_.quote && next != dialect_.quote) return found;
    field += pair ? next : line[found];
    position = found + (pair ? 2 : 1);
  }
}

// Adds the fields of one line; false where it ends inside quotes.
bool RowReader::parse(std::string_view line, std::vector<std::string>& fields) {
  std::size_t position = 0;
  for (;;) {
    if (!quoted_) {
      fields.emplace_back();
      if (dialect_.quote == '\0' || position == line.size() || line[position] != dialect_.quote) {
        position = add_plain(line, position, fields.back());
        if (position == line.size()) return true;
        ++position;
        continue;
      }
      quoted_ = true;
      quote_line_ = at_line_;
      ++position;
      if (at_line_ == line_) quote_column_ = position;
    }
    position = add_quoted(line, position, fields.back());
    if (position == line.size()) return false;
    quoted_ = false;
    if (++position == line.size()) return true;
    if (line[position] != dialect_.delimiter) {
      throw BadRow{line_, quote_column_,
                   fmt::format("text follows the quote that closes this field, at line {}, byte {}",
                               at_line_, position + 1),
                   "Write a quote inside quotes twice (\"\"), or leave none around the field; "
                   "--escape '\\' is for quotes written \\\"."};
    }
    ++position;
  }
}

}  // namespace weft
