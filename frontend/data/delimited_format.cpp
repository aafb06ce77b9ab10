// TSV and CSV: rows of fields, with or without a header.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "frontend/data/data_format.h"
#include "frontend/data/delimited.h"
#include "frontend/data/read_context.h"
#include "runtime/text/subwords.h"

namespace weft {
namespace {

constexpr std::size_t kSample = std::size_t{1} << 16;

// Excel's first line `sep=;`, which names the delimiter.
std::optional<char> excel_delimiter(std::string_view text) {
  if (!text.starts_with("sep=") || text.size() < 6) return std::nullopt;
  return text[5] == '\r' || text[5] == '\n' ? std::optional(text[4]) : std::nullopt;
}

std::string_view without_marks(std::string_view text) {
  while (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

Dialect dialect_of(ReadContext& context, Dialect usual) {
  const ReadOptions& options = context.options();
  if (options.delimiter && options.quote) {  // all is told: a stream is not waited for
    return {*options.delimiter, *options.quote, options.escape.value_or('\0')};
  }
  std::string_view sample = without_marks(context.lines().ahead(kSample));
  if (const auto named = excel_delimiter(sample)) {
    usual.delimiter = *named;
    std::string_view line;
    context.lines().next(line);
    sample = context.lines().ahead(kSample);
  }
  if (options.delimiter) usual.delimiter = *options.delimiter;
  Dialect dialect = usual;
  if (!options.quote && !options.escape) {
    dialect = recognized_dialect(sample, sample.size() < kSample, usual);
  } else if (options.escape) {
    dialect.escape = *options.escape;
  }
  if (options.quote) dialect.quote = *options.quote;
  if (dialect.quote != usual.quote && !options.quote) {
    context.note("fields stand in quotes, which are not read; --quote none keeps them");
  }
  if (dialect.escape != usual.escape && !options.escape) {
    context.note("`\\` before a quote is not read; --escape none keeps it");
  }
  return dialect;
}

class DelimitedRows : public RowSource {
 public:
  DelimitedRows(ReadContext& context, const Dialect& usual)
      : context_(context), dialect_(dialect_of(context, usual)), rows_(context.lines(), dialect_) {}

  bool next() override {
    if (!rows_.next(fields_)) {
      finish();
      return false;
    }
    if (!columns_) {
      if (is_header(fields_, context_.options())) {
        header_ = fields_;
        columns_ = context_.columns_of_header(fields_, rows_.line());
        return true;
      }
      check_first_row();
      columns_ = context_.columns_of_row(fields_, rows_.line());
    }
    if (!header_.empty() && is_header_again()) {
      again_.at(rows_.line());
      if (fields_ != header_) {
        header_ = fields_;
        context_.report().other_columns.clear();
        columns_ = context_.columns_of_header(fields_, rows_.line());
      }
      return true;
    }
    read_row();
    return true;
  }

 private:
  // The header of a file that was joined to the first, with the same columns in any order, whatever
  // their case and the spaces around them.
  bool is_header_again() const {
    const auto is_first = [&](const std::string& name) {
      return same_column_name(name, fields_.front());
    };
    return fields_.size() == header_.size() && std::ranges::any_of(header_, is_first) &&
           std::ranges::is_permutation(fields_, header_, same_column_name);
  }

  // Error if the first row, which is no header, shows another delimiter, or is a line of fastText.
  void check_first_row() const {
    const std::size_t line = rows_.line();
    if (fields_.front().starts_with(kLabelPrefix) &&
        fields_.front().find(' ') != std::string::npos) {
      throw context_.error_at({line, 1, "the line is one of fastText", "Give --format fasttext."});
    }
    const char other = other_delimiter(fields_.front(), dialect_);
    if (fields_.size() > 1 || other == '\0' || !context_.options().labels) return;
    throw context_.error_at(
        {line, 1,
         fmt::format(
             "the first row has one column; fields are looked for between {}",
             dialect_.delimiter == ',' ? "commas" : delimiter_name(dialect_.delimiter) + "s"),
         fmt::format("It holds {}: if that stands between fields, give --delimiter {}.",
                     delimiter_name(other), other == '\t' ? "tab" : fmt::format("'{}'", other))});
  }

  // Quotes that are not those of the dialect stay in labels and texts.
  void note_single_quotes() {
    const auto quoted = [](const std::string& field) {
      return field.size() >= 2 && field.front() == '\'' && field.back() == '\'';
    };
    if (dialect_.quote != '\'' && fields_.size() > 1 && std::ranges::all_of(fields_, quoted)) {
      context_.note(
          "fields stand in single quotes, which are read as part of them: --quote \"'\" "
          "leaves them out");
    }
  }

  void read_row() {
    const std::size_t line = rows_.line();
    if (std::exchange(first_row_, false)) note_single_quotes();
    if (fields_.size() == columns_->count + 1 && has_row_names()) fields_.erase(fields_.begin());
    if (fields_.size() != columns_->count) {
      throw BadRow{line, 1,
                   fmt::format("the row has {} field{}, the first row has {}", fields_.size(),
                               fields_.size() == 1 ? "" : "s", columns_->count),
                   remedy()};
    }
    context_.begin_example(line);
    if (columns_->id) context_.set_id(fields_[*columns_->id]);
    if (columns_->labels.size() == 1) {
      context_.add_labels(fields_[columns_->labels.front()]);
    } else {
      for (const std::size_t i : columns_->labels) {
        context_.add_label_if(fields_[i], header_.empty() ? std::to_string(i + 1) : header_[i]);
      }
    }
    for (const std::size_t i : columns_->texts) {
      const std::string& text = fields_[i];
      if (dialect_.quote == '\0' && text.size() > 1 && text.front() == '"' && text.back() == '"') {
        kept_quotes_.at(line);
      }
      context_.add_text(text);
    }
    context_.finish_example();
  }

  // R's write.table names the rows `1`, `2` … in a column that its header does not have.
  bool has_row_names() {
    if (!row_names_) {
      row_names_ = dialect_.quote != '\0' && dialect_.delimiter != ',' && !header_.empty() &&
                   fields_.front() == "1";
      if (*row_names_) context_.note("the first field of each row is its name, as R writes it");
    }
    return *row_names_;
  }

  std::string remedy() const {
    if (dialect_.quote != '\0') {
      return fmt::format(
          "Put quotes around a text with {}.",
          dialect_.delimiter == ',' ? "a comma" : delimiter_name(dialect_.delimiter));
    }
    return fmt::format("Leave no {} within a text; --quote '\"' is for texts in quotes.",
                       dialect_.delimiter == '\t' ? "tab" : delimiter_name(dialect_.delimiter));
  }

  void finish() {
    if (again_.count > 0) {
      context_.remark(fmt::format("{} row{} the header again, and not read ({})", again_.count,
                                  again_.count == 1 ? " is" : "s are", again_.where()));
    }
    if (kept_quotes_.count > 0 && !context_.options().quote) {
      context_.remark(fmt::format(
          "{} text{} in quotes, which are read as part of {} ({}); --quote '\"' leaves them "
          "out",
          kept_quotes_.count, kept_quotes_.count == 1 ? " stands" : "s stand",
          kept_quotes_.count == 1 ? "it" : "them", kept_quotes_.where()));
    }
  }

  ReadContext& context_;
  Dialect dialect_;
  RowReader rows_;
  std::vector<std::string> fields_, header_;
  std::optional<Columns> columns_;
  bool first_row_ = true;  // of data
  std::optional<bool> row_names_;
  Sighting again_, kept_quotes_;
};

std::unique_ptr<RowSource> open_tsv(ReadContext& context) {
  return std::make_unique<DelimitedRows>(context, kTsv);
}

std::unique_ptr<RowSource> open_csv(ReadContext& context) {
  return std::make_unique<DelimitedRows>(context, kCsv);
}

}  // namespace

const DataFormat formats::tsv = {
    "tsv",    "fields between tabs; in quotes, if all or the first are",
    {".tsv"}, open_tsv,
    nullptr,  /*delimited=*/true};
const DataFormat formats::csv = {
    "csv",    "fields between commas, in quotes where needed (RFC 4180)",
    {".csv"}, open_csv,
    nullptr,  /*delimited=*/true};

}  // namespace weft
