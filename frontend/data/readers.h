// Labelled texts, read one by one from the files people have.
//
// Formats, plain or gzip (told by content), UTF-8 with or without a byte order mark:
//   tsv       fields between tabs, no quoting                       .tsv
//   csv       RFC 4180                                              .csv
//   jsonl     one JSON object a line                                .jsonl .json .ndjson
//   fasttext  `__label__x __label__y text`, labels first            any other extension, when the
//                                                                   first line begins so
// Each name may end in .gz as well. Empty lines are skipped.
//
// Columns are chosen by name or by number from 1. The first row of a TSV or CSV file is a header
// when a column is asked for by name, when it holds `label`, `labels` or `__label__`, or when it
// holds a usual name for the label (class, category, ...) and one for the text (text, review,
// sentence, ...), in English or Chinese; case does not matter. With a header, columns not asked for
// are the first of the usual names found, or of two columns the other one. Without one, a file of
// two columns holds the label, then the text. JSON keys follow the rules for a header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

enum class DataFormat : std::uint8_t { automatic, tsv, csv, jsonl, fasttext };

std::optional<DataFormat> data_format(std::string_view name);  // "auto", "tsv", ...

struct ReadOptions {
  DataFormat format = DataFormat::automatic;  // by extension, then by content
  std::string text_column;                    // a name or a number from 1; empty: by the rules
  std::string label_column;
  std::optional<bool> header;   // TSV and CSV; by the rules where not said
  std::string label_separator;  // where not empty, a row has any number of labels between these
  bool skip_bad = false;        // count bad rows rather than stop at the first
};

struct Example {
  std::string text;
  std::vector<std::string> labels;  // distinct, in order of appearance
  std::size_t line = 0;
};

struct ReadReport {
  DataFormat format = DataFormat::automatic;
  std::string text_column, label_column;  // as the file or the rules name them
  bool columns_assumed = false;           // no header and not asked for: label first, then text
  bool like_header = false;               // those assumed, and the first label occurs only there
  std::size_t examples = 0;
  std::size_t bad_rows = 0;
  std::vector<std::string> first_bad;  // what is wrong with the first five
  std::size_t broken_texts = 0;        // that are not UTF-8: what is not is read as U+FFFD
  std::size_t first_broken = 0;        // its line
};

// Calls `take` for each example in order. Error, naming file, line and remedy, at the first bad row
// (columns missing or too many, a quote left open, JSON that is not valid, a label that is empty,
// not UTF-8 or holds control characters), and where a file has no examples or most of its texts are
// in another encoding.
ReadReport read_examples(const std::string& path, const ReadOptions& options,
                         const std::function<void(const Example&)>& take);

}  // namespace weft
