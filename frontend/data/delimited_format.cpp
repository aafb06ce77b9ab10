// TSV and CSV: rows of fields, with or without a header.
#include <fmt/format.h>

#include <optional>

#include "frontend/data/data_format.h"
#include "frontend/data/delimited.h"
#include "frontend/data/read_context.h"

namespace weft {
namespace {

void read_row(ReadContext& context, const std::vector<std::string>& fields, std::size_t line,
              const Columns& columns, const char* remedy) {
  if (fields.size() != columns.count) {
    throw BadRow{line, 1,
                 fmt::format("the row has {} field{}, the first row has {}", fields.size(),
                             fields.size() == 1 ? "" : "s", columns.count),
                 remedy};
  }
  context.begin_example(line);
  context.add_labels(fields[columns.label]);
  std::optional<std::string_view> pair;
  if (columns.pair) pair = fields[*columns.pair];
  context.finish_example(fields[columns.text], pair);
}

// `remedy` is for rows that have another number of fields than the first.
void read_rows(ReadContext& context, RowReader::Style style, const char* remedy) {
  RowReader reader(context.lines(), style);
  std::vector<std::string> fields;
  std::optional<Columns> columns;
  for (bool more = true; more;) {
    context.attempt([&] {
      more = reader.next(fields);
      if (!more) return;
      if (!columns && is_header(fields, context.options())) {
        columns = context.columns_of_header(fields, reader.line());
        return;
      }
      if (!columns) columns = context.columns_of_row(fields.size(), reader.line());
      read_row(context, fields, reader.line(), *columns, remedy);
    });
  }
}

void read_tsv(ReadContext& context) {
  read_rows(context, RowReader::Style::tsv, "Leave no tab within a text.");
}

void read_csv(ReadContext& context) {
  read_rows(context, RowReader::Style::csv, "Put quotes around a text with a comma.");
}

}  // namespace

const DataFormat formats::tsv = {"tsv", "fields between tabs, no quoting", {".tsv"}, read_tsv};
const DataFormat formats::csv = {"csv", "fields between commas (RFC 4180)", {".csv"}, read_csv};

}  // namespace weft
