// Labelled texts, read one by one from the files people have.
//
// The formats are in frontend/data/formats.def: each has a name, extensions and a reader. A file is
// plain, gzip, bzip2 or zstd (told by content), in UTF-8 or, with a byte order mark or by request,
// in another encoding. Empty lines are skipped.
//
// Columns are chosen by name or by number from 1. The first row of a TSV or CSV file is a header
// when a column is asked for by name, when it holds `label`, `labels` or `__label__`, or when it
// holds a usual name for the label (class, category, ...) and one for the text (text, review,
// sentence, ...), in English or Chinese; case does not matter. With a header, columns not asked for
// are the first of the usual names found, or of two columns the other one. Without one, a file of
// two columns holds the label, then the text. JSON keys follow the rules for a header. A later row
// that equals the header, as joined files have it, is skipped.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft {

struct DataFormat;  // frontend/data/data_format.h
class ReadContext;  // frontend/data/read_context.h
class RowSource;

struct ReadOptions {
  const DataFormat* format = nullptr;  // null: by extension, then by content
  std::string encoding;                // as ICU names it; empty: by byte order mark, or UTF-8

  // A name or a number from 1; a JSON key may be nested (`review.text`). Empty: by the rules.
  // Several with commas between them: two texts are a pair, which a model of one text reads as one;
  // more are joined by spaces; label columns that hold 0 or 1 each are the labels of several that a
  // text may have.
  std::string text_column, label_column;
  std::string id_column;        // empty: examples have no id
  bool labels = true;           // false: no label is read, and the file needs none
  std::string label_separator;  // if not empty, it stands between the labels of a row
  bool skip_bad = false;        // count bad rows rather than stop at the first

  // Of TSV and CSV. Not set: a header by the rules above; the others by the format and by the first
  // rows (frontend/data/dialect.h). '\0': none.
  std::optional<bool> header;
  std::optional<char> delimiter, quote, escape;

  std::string label_names;  // a file that names the labels, if they are ids; read_corpus() only
};

struct Example {
  std::string text;
  std::vector<std::string> labels;  // distinct, in order of appearance
  std::size_t line = 0;
  std::optional<std::string> pair = {};  // a second text
  std::string id = {};
};

struct ReadReport {
  const DataFormat* format = nullptr;      // the one that was read
  std::string text_column, label_column;   // as the file or the rules name them
  std::vector<std::string> other_columns;  // of a header: those that are not read
  bool has_header = false;                 // names the columns
  bool columns_assumed = false;            // no header and not asked for: label first, then text
  std::size_t examples = 0;
  std::size_t bad_rows = 0;
  std::vector<std::string> first_bad;  // what is wrong with the first five
  std::size_t broken_texts = 0;        // texts with bytes that are ill-formed; they read as U+FFFD
  std::size_t first_broken = 0;        // the line of the first of them

  // Sentences that begin with the name of the file: how it was read, and what may be wrong with it.
  std::vector<std::string> notes, remarks;
};

// The examples of one file. Its functions throw an Error, naming file, line and remedy, at the
// first bad row (columns missing or too many, a quote left open, JSON that is not valid, a label
// that is empty, not UTF-8 or holds control characters), and where a file has no examples or most
// of its texts are in another encoding.
class ExampleReader {
 public:
  ExampleReader(const std::string& path, const ReadOptions& options);
  ~ExampleReader();
  ExampleReader(const ExampleReader&) = delete;
  ExampleReader& operator=(const ExampleReader&) = delete;

  // The next example, which the caller may take the strings of; null at the end.
  Example* next();
  // True if the next example can be had without waiting for the file.
  bool pending() const;
  const ReadReport& report() const;  // complete when next() has returned null

 private:
  std::unique_ptr<ReadContext> context_;
  std::unique_ptr<RowSource> rows_;
  bool ended_ = false;
};

// Calls `take` for each example in order.
ReadReport read_examples(const std::string& path, const ReadOptions& options,
                         const std::function<void(const Example&)>& take);

}  // namespace weft
