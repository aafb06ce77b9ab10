// A row is parsed line by line, because most rows are one line; quotes may leave it open.
#include "frontend/data/delimited.h"

#include <fmt/format.h>

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
               "Close it, and write a quote inside quotes twice (\"\"); a file without such rules "
               "may be --format tsv."};
}

// Adds the fields of one line; false where it ends inside quotes.
bool RowReader::parse(std::string_view line, std::vector<std::string>& fields) {
  const char delimiter = style_ == Style::csv ? ',' : '\t';
  std::size_t position = 0;
  for (;;) {
    if (!quoted_) {
      fields.emplace_back();
      if (style_ == Style::tsv || position == line.size() || line[position] != '"') {
        const std::size_t end = line.find(delimiter, position);
        fields.back() = line.substr(position, end - position);
        if (end == std::string_view::npos) return true;
        position = end + 1;
        continue;
      }
      quoted_ = true;
      quote_line_ = at_line_;
      ++position;
      if (at_line_ == line_) quote_column_ = position;
    }
    const std::size_t quote = line.find('"', position);
    fields.back() += line.substr(position, quote - position);
    if (quote == std::string_view::npos) return false;
    position = quote + 1;
    if (position < line.size() && line[position] == '"') {
      fields.back() += '"';
      ++position;
      continue;
    }
    quoted_ = false;
    if (position == line.size()) return true;
    if (line[position] != delimiter) {
      throw BadRow{line_, quote_column_,
                   fmt::format("text follows the quote that closes this field, at line {}, byte {}",
                               at_line_, position + 1),
                   "Write a quote inside quotes twice (\"\"), or leave none around the field."};
    }
    ++position;
  }
}

}  // namespace weft
