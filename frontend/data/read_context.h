// Shared by the readers of all formats: one file being read, and how a row becomes an example.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/data/bad_row.h"
#include "frontend/data/columns.h"
#include "frontend/data/data_format.h"
#include "frontend/data/line_reader.h"
#include "frontend/data/readers.h"
#include "ir/diagnostic.h"

namespace weft {

// Without ASCII white space at its ends.
std::string_view trim(std::string_view text);

class ReadContext {
 public:
  ReadContext(const std::string& path, const ReadOptions& options)
      : lines_(path, options.encoding), options_(options) {}

  LineReader& lines() { return lines_; }
  const LineReader& lines() const { return lines_; }
  const ReadOptions& options() const { return options_; }
  ReadReport& report() { return report_; }
  const ReadReport& report() const { return report_; }

  // Runs `row`, which reads one row. Where it throws BadRow, reading stops with an Error, or the
  // row is counted if the options say so.
  template <typename Row>
  void attempt(Row&& row) {
    try {
      row();
    } catch (const BadRow& bad) {
      skip_or_stop(bad);
    }
  }

  // The next line that is not blank; false at the end.
  bool next_line(std::string_view& line) {
    while (lines_.next(line)) {
      if (!trim(line).empty()) return true;
    }
    return false;
  }

  // The columns of a header or of a first row; the report names them too. Error where the rules of
  // frontend/data/readers.h do not decide.
  Columns columns_of_header(const std::vector<std::string>& names, std::size_t line);
  Columns columns_of_row(const std::vector<std::string>& row, std::size_t line);

  // One example: begin, any number of labels, finish. BadRow where a label is bad.
  void begin_example(std::size_t line);
  void add_label(std::string_view label);
  // One label or, where the options have a separator, any number of labels.
  void add_labels(std::string_view field);
  // The label `name`, if `field`, a value of its column, is 1. BadRow if it is not 0 either.
  void add_label_if(std::string_view field, std::string_view name);
  void set_id(std::string_view id);
  // A text, or the second of a pair, or one more part of it.
  void add_text(std::string_view text);
  void finish_example();
  // The example that was finished last; null after take_example().
  Example* take_example();

  // A sentence for the report, after the name of the file.
  void note(std::string_view sentence);
  void remark(std::string_view sentence);

  // The error that ends reading at this row, whatever the options say.
  Error error_at(const BadRow& bad) const;

 private:
  void skip_or_stop(const BadRow& bad);
  void name_columns(const Columns& columns, std::span<const std::string> names);

  LineReader lines_;
  const ReadOptions options_;
  Example example_;
  bool has_text_ = false, finished_ = false;
  bool pairs_ = false;  // there are two columns of texts
  ReadReport report_;
};

}  // namespace weft
