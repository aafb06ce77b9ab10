// Labelled texts, read one by one from the files people have.
//
// The formats are in frontend/data/formats.def: each has a name, extensions and a reader. A file is
// plain or gzip (told by content) and UTF-8, with or without a byte order mark. Empty lines are
// skipped.
//
// Columns are chosen by name or by number from 1. The first row of a TSV or CSV file is a header
// when a column is asked for by name, when it holds `label`, `labels` or `__label__`, or when it
// holds a usual name for the label (class, category, ...) and one for the text (text, review,
// sentence, ...), in English or Chinese; case does not matter. With a header, columns not asked for
// are the first of the usual names found, or of two columns the other one. Without one, a file of
// two columns holds the label, then the text. JSON keys follow the rules for a header.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weft {

struct DataFormat;  // frontend/data/data_format.h

struct ReadOptions {
  const DataFormat* format = nullptr;  // null: by extension, then by content
  // A name or a number from 1, or two with a comma between: pairs of texts. Empty: by the rules.
  std::string text_column;
  std::string label_column;
  std::optional<bool> header;   // of TSV and CSV; not set: by the rules above
  std::string label_separator;  // if not empty, it stands between the labels of a row
  bool skip_bad = false;        // count bad rows rather than stop at the first
};

struct Example {
  std::string text;
  std::vector<std::string> labels;  // distinct, in order of appearance
  std::size_t line = 0;
  std::optional<std::string> pair = {};  // a second text
};

struct ReadReport {
  const DataFormat* format = nullptr;      // the one that was read
  std::string text_column, label_column;   // as the file or the rules name them
  std::string pair_column = {};            // of the second texts; empty: there are none
  std::vector<std::string> other_columns;  // of a header: those that are not read
  bool has_header = false;                 // names the columns
  bool columns_assumed = false;            // no header and not asked for: label first, then text
  bool like_header = false;                // so assumed, and the first label occurs nowhere else
  std::size_t examples = 0;
  std::size_t bad_rows = 0;
  std::vector<std::string> first_bad;  // what is wrong with the first five
  std::size_t broken_texts = 0;  // texts that are not valid UTF-8; the bad bytes read as U+FFFD
  std::size_t first_broken = 0;  // the line of the first of them
};

// Calls `take` for each example in order. Error, naming file, line and remedy, at the first bad row
// (columns missing or too many, a quote left open, JSON that is not valid, a label that is empty,
// not UTF-8 or holds control characters), and where a file has no examples or most of its texts are
// in another encoding.
ReadReport read_examples(const std::string& path, const ReadOptions& options,
                         const std::function<void(const Example&)>& take);

}  // namespace weft
