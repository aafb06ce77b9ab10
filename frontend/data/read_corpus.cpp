// Reads files into one corpus, and judges each: whether its columns and its first row are what they
// were taken for, and whether its labels are distinct to the eye.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "frontend/data/columns.h"
#include "frontend/data/corpus.h"
#include "frontend/data/data_files.h"
#include "frontend/data/data_format.h"
#include "frontend/data/label_names.h"
#include "frontend/data/label_rules.h"
#include "frontend/data/line_reader.h"
#include "ir/diagnostic.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

constexpr std::size_t kEnoughToJudge = 20;  // examples
constexpr std::size_t kEnoughTexts = 10'000;
constexpr std::size_t kMaxGroups = 3;  // of labels that look alike, in one remark

std::size_t words_in(std::string_view text) {
  std::size_t words = 0;
  for (std::size_t at = 0;; ++words) {
    at = utf8::skip_ascii_space(text, at);
    if (at == text.size()) return words;
    at = utf8::find_ascii_space(text, at);
  }
}

}  // namespace

class CorpusReader {
 public:
  explicit CorpusReader(const ReadOptions& options) : options_(options) {}

  Corpus read(std::span<const std::string> names) {
    ReadReport& total = corpus_.report_;
    std::size_t number = 0;
    for (const DataFile& file : data_files(names, options_, total.notes, total.remarks)) {
      first_row_ = corpus_.size();
      add(file.kind == DataFile::Kind::rows ? read_rows(file) : read_text(file), number++ == 0);
    }
    if (total.examples == 0) throw Error("the files have no examples", "Add texts to them.");
    judge_encoding(names.front());
    if (!options_.label_names.empty()) name_labels();
    corpus_.order_labels();
    remark_alike(names);
    return std::move(corpus_);
  }

 private:
  ReadReport read_rows(const DataFile& file) {
    ExampleReader reader(file.path, options_);
    const Example* example = reader.next();
    std::vector<std::string> first_row;
    for (; example != nullptr; example = reader.next()) {
      if (corpus_.size() == first_row_) {
        first_row = example->labels;
        first_row.push_back(example->text);
      }
      corpus_.add(*example);
    }
    ReadReport report = reader.report();
    judge_columns(file.path, report);
    if (!report.has_header && !options_.header && report.format->delimited) {
      judge_first_row(file.path, first_row, report);
    }
    return report;
  }

  // Each line of the file is a text, or all of it is one.
  ReadReport read_text(const DataFile& file) {
    ReadReport report;
    LineReader lines(file.path, options_.encoding);
    Example example;
    example.labels = {std::string(trimmed_label(file.label))};
    if (const auto fault = label_fault(file.label)) {
      throw Error(fmt::format("{}: {}", file.path, fault->what), "Name it after its class.");
    }
    const auto finish = [&](std::size_t line) {
      example.line = line;
      corpus_.add(example);
      ++report.examples;
      if (!utf8::is_valid(example.text) && ++broken_ == 1) first_broken_ = file.path;
    };
    const bool whole = file.kind == DataFile::Kind::whole;
    for (std::string_view line; lines.next(line);) {
      if (whole) {
        if (lines.line() > 1) example.text += '\n';
        example.text += line;
      } else if (line.find_first_not_of(" \t") != std::string_view::npos) {
        example.text.assign(line);
        finish(lines.line());
      }
    }
    if (whole) finish(1);
    texts_ += report.examples;
    return report;
  }

  // Of texts whose files have no rows; the readers of rows judge their own.
  void judge_encoding(const std::string& name) {
    if (broken_ == 0) return;
    const std::string count =
        fmt::format("{}: {} of {} texts {} not valid UTF-8, the first in {}", name, broken_, texts_,
                    broken_ == 1 ? "is" : "are", first_broken_);
    if (2 * broken_ > texts_) throw Error(count, "Give --encoding: GB18030, latin1 …");
    corpus_.report_.remarks.push_back(count + ": bad bytes are read as unknown characters");
  }

  void add(const ReadReport& report, bool first) {
    ReadReport& total = corpus_.report_;
    if (first) {
      total.format = report.format;
      total.text_column = report.text_column;
      total.label_column = report.label_column;
      total.other_columns = report.other_columns;
      total.has_header = report.has_header;
      total.columns_assumed = report.columns_assumed;
    }
    total.examples += report.examples;
    total.bad_rows += report.bad_rows;
    total.broken_texts += report.broken_texts;
    if (total.first_broken == 0) total.first_broken = report.first_broken;
    if (total.first_bad.empty()) total.first_bad = report.first_bad;
    std::ranges::copy(report.notes, std::back_inserter(total.notes));
    std::ranges::copy(report.remarks, std::back_inserter(total.remarks));
  }

  // How often each label is that of a row of this file.
  std::vector<std::size_t> label_counts() const {
    std::vector<std::size_t> counts(corpus_.label_names_.size(), 0);
    for (std::size_t i = first_row_; i < corpus_.size(); ++i) {
      for (const std::uint32_t label : corpus_.labels(i)) ++counts[label];
    }
    return counts;
  }

  // Where the label was taken to come first, without a header: is it the text that does?
  void judge_columns(const std::string& path, ReadReport& report) const {
    if (!report.columns_assumed) return;
    const std::size_t rows = std::min(corpus_.size() - first_row_, kEnoughTexts);
    std::unordered_set<std::string_view> texts, labels;
    std::size_t text_words = 0, label_words = 0;
    for (std::size_t i = first_row_; i < first_row_ + rows; ++i) {
      const std::string_view text = corpus_.text(i);
      texts.insert(text);
      text_words += words_in(text);
      if (corpus_.labels(i).empty()) continue;
      const std::string& label = corpus_.label_names_[corpus_.labels(i).front()];
      labels.insert(label);
      label_words += words_in(label);
    }
    const std::vector<std::size_t> counts = label_counts();
    const auto values = counts.size() - static_cast<std::size_t>(std::ranges::count(counts, 0U));
    const bool many = 2 * values > corpus_.size() - first_row_;
    const bool swapped = labels.size() > texts.size() ||
                         (many && labels.size() == texts.size() && label_words > text_words);
    if (rows >= kEnoughToJudge && (many || (swapped && values >= kEnoughToJudge))) {
      throw Error(
          fmt::format("{}: column 1 does not look like a label: it has {} values in {} rows", path,
                      values, corpus_.size() - first_row_),
          "Give --label-column and --text-column, by number or, with a header line, by name.");
    }
    if (swapped) {
      report.remarks.push_back(fmt::format(
          "{}: column 1 is read as the label, but looks like the text: it has {} values in {} "
          "rows, column 2 has {}. If it is, give --text-column 1 --label-column 2",
          path, labels.size(), rows, texts.size()));
    }
  }

  // A row that was read as an example: its label occurs nowhere else, and hardly any other label
  // occurs only once; or its fields are usual names of columns.
  void judge_first_row(const std::string& path, const std::vector<std::string>& first,
                       ReadReport& report) const {
    constexpr std::size_t kOften = 20;  // at most one row in so many has a label of its own
    const std::size_t rows = corpus_.size() - first_row_;
    if (first.size() != 2 || rows < 2) return;
    const std::vector<std::size_t> counts = label_counts();
    const std::uint32_t label = corpus_.labels(first_row_).front();
    if (counts[label] != 1) return;
    const auto once = static_cast<std::size_t>(std::ranges::count(counts, 1U));
    const bool enough = rows >= kEnoughToJudge ? kOften * once <= rows : rows >= 4 && once == 1;
    if (!enough && !holds_usual_name(first)) return;
    report.remarks.push_back(fmt::format(
        "{}: line {} is read as an example, but looks like a header: no other line has the label "
        "`{}`. --header yes reads it as one, --header no as an example",
        path, corpus_.line(first_row_), corpus_.label_names_[label]));
  }

  void name_labels() {
    const LabelNames names(options_.label_names);
    const std::vector<std::string> ids = corpus_.label_names_;
    names.apply(corpus_.label_names_);
    if (ids.empty()) return;
    corpus_.report_.notes.push_back(fmt::format("{} names the labels: {} is `{}`",
                                                options_.label_names, ids.front(),
                                                corpus_.label_names_.front()));
  }

  void remark_alike(std::span<const std::string> names) {
    const auto groups = labels_alike(corpus_.label_names_);
    if (groups.empty()) return;
    std::string list;
    for (std::size_t i = 0; i < std::min(groups.size(), kMaxGroups); ++i) {
      list += i == 0 ? "" : "; ";
      for (std::size_t k = 0; k < groups[i].size(); ++k) {
        list += (k == 0 ? "" : ", ") + spelled_out(groups[i][k]);
      }
    }
    if (groups.size() > kMaxGroups) list += fmt::format(" and {} more", groups.size() - kMaxGroups);
    corpus_.report_.remarks.push_back(fmt::format(
        "{}: labels that look alike are read as different ones: {}", names.front(), list));
  }

  const ReadOptions& options_;
  Corpus corpus_;
  std::size_t first_row_ = 0;           // of the file that is read
  std::size_t texts_ = 0, broken_ = 0;  // of files that are not read in rows
  std::string first_broken_;
};

Corpus read_corpus(std::span<const std::string> names, const ReadOptions& options) {
  return CorpusReader(options).read(names);
}

Corpus read_corpus(const std::string& name, const ReadOptions& options) {
  return read_corpus(std::span(&name, 1), options);
}

}  // namespace weft
