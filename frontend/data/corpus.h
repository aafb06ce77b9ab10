// Labelled texts in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "frontend/data/readers.h"
#include "frontend/data/sighting.h"
#include "runtime/text/encoder.h"

namespace weft {

class Corpus {
 public:
  Corpus() = default;
  // Error where a label breaks the rules, or some examples are pairs and others are not. `array`:
  // what messages call the examples, unless they have a line in a file.
  explicit Corpus(std::span<const Example> examples, std::string array = "examples");

  std::size_t size() const { return lines_.size(); }
  // A pair is both texts with a tab between them.
  std::string_view text(std::size_t i) const {
    return std::string_view(texts_).substr(text_ends_[i], text_ends_[i + 1] - text_ends_[i]);
  }
  // The text as a model takes it: two texts if it reads pairs (`pair`), else all of it as one.
  TextInput input(std::size_t i, bool pair) const;
  bool pairs() const { return !pair_begins_.empty(); }  // each row has two texts
  // Indices into label_names().
  std::span<const std::uint32_t> labels(std::size_t i) const {
    return std::span(labels_).subspan(label_ends_[i], label_ends_[i + 1] - label_ends_[i]);
  }
  std::size_t line(std::size_t i) const { return lines_[i]; }  // in its file; of an array the index
  const std::string& array() const { return array_; }          // its name; empty: rows are of files
  // For messages: `line 18`, or `examples[17]`.
  std::string place(std::size_t i) const { return row_name(line(i), array()); }

  // Sorted by value if all are whole numbers, else by bytes: the order of rows does not matter.
  const std::vector<std::string>& label_names() const { return label_names_; }

  bool multi_label() const { return multi_label_; }  // some row has no label, or several
  const ReadReport& report() const { return report_; }

 private:
  friend class CorpusReader;  // frontend/data/read_corpus.cpp

  void add(const Example& example);
  void order_labels();

  std::string texts_;
  std::vector<std::uint64_t> text_ends_{0};
  std::vector<std::uint32_t> pair_begins_;  // within the rows' texts; empty: there are no pairs
  std::vector<std::uint32_t> labels_;
  std::vector<std::uint64_t> label_ends_{0};
  std::vector<std::uint64_t> lines_;
  std::string array_;
  std::vector<std::string> label_names_;
  std::unordered_map<std::string, std::uint32_t> label_numbers_;
  bool multi_label_ = false;
  ReadReport report_;
};

// Examples of a corpus: all of them, or those that a list of row numbers names, in its order. The
// corpus and the list must outlive it. Error if a number is of no row.
class CorpusView {
 public:
  CorpusView(const Corpus& corpus) : corpus_(&corpus) {}  // NOLINT: a corpus is a view of all of it
  CorpusView(const Corpus& corpus, std::span<const std::uint32_t> rows);

  std::size_t size() const { return rows_ ? rows_->size() : corpus_->size(); }
  std::size_t row(std::size_t i) const { return rows_ ? (*rows_)[i] : i; }
  std::string_view text(std::size_t i) const { return corpus_->text(row(i)); }
  TextInput input(std::size_t i, bool pair) const { return corpus_->input(row(i), pair); }
  std::span<const std::uint32_t> labels(std::size_t i) const { return corpus_->labels(row(i)); }
  std::size_t line(std::size_t i) const { return corpus_->line(row(i)); }
  std::string place(std::size_t i) const { return corpus_->place(row(i)); }
  const Corpus& corpus() const { return *corpus_; }

 private:
  const Corpus* corpus_;
  std::optional<std::span<const std::uint32_t>> rows_;  // none: all
};

// The examples of files and folders (frontend/data/data_files.h), one after another. The report's
// numbers are of all files together, its columns those of the first.
Corpus read_corpus(std::span<const std::string> names, const ReadOptions& options = {});
Corpus read_corpus(const std::string& name, const ReadOptions& options = {});

// The examples of `first`, followed by those of `second`.
Corpus joined(const Corpus& first, const Corpus& second);

}  // namespace weft
