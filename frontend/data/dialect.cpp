// A sample is cut into fields as if they could be quoted, and the fields are counted by kind.
#include "frontend/data/dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weft {
namespace {

// Counts of the fields of a sample, by how they are written.
struct Census {
  std::size_t quoted = 0;      // begin and end with a quote
  std::size_t certain = 0;     // of these: hold a doubled or an escaped quote
  std::size_t broad = 0;       // of these: hold a delimiter or a line break
  std::size_t plain = 0;       // neither quoted nor empty nor a number
  std::size_t inner = 0;       // plain, but with a quote inside
  std::size_t faulty = 0;      // begin with a quote, but do not end so
  bool header_quoted = false;  // all fields of the first row are
};

bool is_number(std::string_view field) {
  return field == "NA" || field.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

class Counting {
 public:
  Counting(std::string_view text, bool whole, const Dialect& dialect)
      : text_(text), whole_(whole), dialect_(dialect) {}

  Census run() {
    bool first_row = true;
    while (at_ < text_.size()) {
      const bool row_ends = text_[at_] == dialect_.quote ? quoted_field() : plain_field();
      if (first_row && row_ends) {
        first_row = false;
        census_.header_quoted = census_.quoted > 0 && census_.plain + census_.faulty == 0;
      }
    }
    return census_;
  }

 private:
  bool ends_line(std::size_t at) const { return text_[at] == '\n' || text_[at] == '\r'; }

  // Passes over the field's end; true if the row ends with it.
  bool pass_end() {
    if (at_ == text_.size()) return true;
    const bool row_ends = ends_line(at_);
    ++at_;
    return row_ends;
  }

  bool plain_field() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != dialect_.delimiter && !ends_line(at_)) ++at_;
    if (at_ == text_.size() && !whole_) return true;
    const std::string_view field = text_.substr(begin, at_ - begin);
    if (!is_number(field)) ++census_.plain;
    if (field.find(dialect_.quote) != std::string_view::npos) ++census_.inner;
    return pass_end();
  }

  bool quoted_field() {
    bool certain = false, broad = false;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      const bool escapes = dialect_.escape != '\0' && c == dialect_.escape;
      if ((escapes && (next == dialect_.quote || next == dialect_.escape)) ||
          (c == dialect_.quote && next == dialect_.quote)) {
        certain = certain || next == dialect_.quote;
        ++at_;
      } else if (c == dialect_.quote) {
        break;
      } else {
        broad = broad || c == dialect_.delimiter || c == '\n' || c == '\r';
      }
    }
    if (at_ >= text_.size()) {  // still open: a fault, if nothing follows the sample
      census_.faulty += whole_ ? 1 : 0;
      return true;
    }
    ++at_;
    if (at_ < text_.size() && text_[at_] != dialect_.delimiter && !ends_line(at_)) {
      ++census_.faulty;
      return plain_rest();
    }
    ++census_.quoted;
    census_.certain += certain ? 1 : 0;
    census_.broad += broad ? 1 : 0;
    return pass_end();
  }

  bool plain_rest() {
    while (at_ < text_.size() && text_[at_] != dialect_.delimiter && !ends_line(at_)) ++at_;
    return pass_end();
  }

  std::string_view text_;
  bool whole_;
  const Dialect& dialect_;
  std::size_t at_ = 0;
  Census census_;
};

// True if every line has as many delimiters as the first: then no line break is inside quotes.
bool is_even(std::string_view text, char delimiter) {
  std::size_t first = 0;
  for (bool is_first = true; !text.empty(); is_first = false) {
    const std::size_t end = text.find_first_of("\r\n");
    if (end == std::string_view::npos && !is_first) return true;  // perhaps cut
    const std::string_view line = text.substr(0, end);
    const auto count = static_cast<std::size_t>(std::ranges::count(line, delimiter));
    if (is_first) first = count;
    if (!line.empty() && count != first) return false;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return true;
}

}  // namespace

std::optional<char> dialect_character(std::string_view text) {
  if (text == "none") return '\0';
  if (text == "tab" || text == "\\t") return '\t';
  if (text == "space") return ' ';
  if (text.size() == 1 && static_cast<unsigned char>(text[0]) < 0x80 && text[0] != '\n' &&
      text[0] != '\r') {
    return text[0];
  }
  return std::nullopt;
}

Dialect recognized_dialect(std::string_view sample, bool whole, const Dialect& usual) {
  if (sample.find('"') == std::string_view::npos) return usual;
  for (const char escape : {'\0', '\\'}) {
    const Dialect dialect = {usual.delimiter, '"', escape};
    const Census census = Counting(sample, whole, dialect).run();
    if (census.faulty > 0) continue;
    if (usual.quote != '\0') return dialect;
    if (census.inner > 0 || census.quoted == 0) continue;
    if (census.plain == 0 || census.header_quoted || census.certain > 0 ||
        (census.broad > 0 && !is_even(sample, usual.delimiter))) {
      return dialect;
    }
  }
  return usual;
}

char other_delimiter(std::string_view line, const Dialect& dialect) {
  for (const char delimiter : std::array{'\t', ';', '|', ','}) {
    if (delimiter != dialect.delimiter && line.find(delimiter) != std::string_view::npos) {
      return delimiter;
    }
  }
  return '\0';
}

std::string delimiter_name(char delimiter) {
  if (delimiter == '\t') return "a tab";
  if (delimiter == ' ') return "a space";
  return fmt::format("`{}`", delimiter);
}

}  // namespace weft
