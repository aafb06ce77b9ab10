// Shared by the readers of all formats: one file being read, and how a row becomes an example.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/data/bad_row.h"
#include "frontend/data/columns.h"
#include "frontend/data/line_reader.h"
#include "frontend/data/readers.h"
#include "ir/diagnostic.h"

namespace weft {

// Without ASCII white space at its ends.
std::string_view trim(std::string_view text);

class ReadContext {
 public:
  ReadContext(const std::string& path, const ReadOptions& options,
              const std::function<void(const Example&)>& take)
      : lines_(path), options_(options), take_(take) {}

  LineReader& lines() { return lines_; }
  const ReadOptions& options() const { return options_; }
  ReadReport& report() { return report_; }

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

  // Attempts `row(line)` for each line that is not blank.
  template <typename Row>
  void for_each_line(const Row& row) {
    for (std::string_view line; lines_.next(line);) {
      if (trim(line).empty()) continue;
      attempt([&] { row(line); });
    }
  }

  // The text and label columns of a header or of a first row; the report names them too. Error
  // where the rules of frontend/data/readers.h do not decide.
  Columns columns_of_header(const std::vector<std::string>& names, std::size_t line);
  Columns columns_of_row(std::size_t count, std::size_t line);

  // One example: begin, any number of labels, finish. BadRow where a label is bad.
  void begin_example(std::size_t line);
  void add_label(std::string_view label);
  // One label or, where the options have a separator, any number of labels.
  void add_labels(std::string_view field);
  void finish_example(std::string_view text, std::optional<std::string_view> pair = {});

  // The error that ends reading at this row, whatever the options say.
  Error error_at(const BadRow& bad) const;

 private:
  void skip_or_stop(const BadRow& bad);

  LineReader lines_;
  const ReadOptions& options_;
  const std::function<void(const Example&)>& take_;
  Example example_;
  ReadReport report_;
};

}  // namespace weft
