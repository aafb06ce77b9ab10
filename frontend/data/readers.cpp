// Finds the format of a file, has it read, and judges what was read.
#include "frontend/data/readers.h"

#include <fmt/format.h>

#include "frontend/data/data_format.h"
#include "frontend/data/read_context.h"
#include "ir/diagnostic.h"

namespace weft {
namespace {

// Null where the file has no line to tell by.
const DataFormat* format_of(const std::string& path, ReadContext& context) {
  if (context.options().format != nullptr) return context.options().format;
  if (const DataFormat* format = format_by_extension(path)) return format;
  LineReader& lines = context.lines();
  std::string_view line;
  do {
    if (!lines.next(line)) return nullptr;
  } while (trim(line).empty());
  lines.unread();
  if (const DataFormat* format = format_by_content(line)) return format;
  throw Error(fmt::format("cannot tell the format of {}", lines.name()),
              fmt::format("Give --format {}.", data_format_names()));
}

[[noreturn]] void refuse_encoding(const std::string& name, const ReadReport& report) {
  throw Error(fmt::format("{} is not UTF-8: {} of its {} texts are not, the first on line {}", name,
                          report.broken_texts, report.examples, report.first_broken),
              "Convert it: iconv -f ENCODING -t UTF-8 FILE > NEW_FILE; Chinese files are often "
              "in GB18030, others in WINDOWS-1252.");
}

[[noreturn]] void refuse_empty(const LineReader& lines, const ReadReport& report) {
  if (report.bad_rows > 0) {
    throw Error(
        fmt::format("{} has no examples: all {} rows are bad", lines.name(), report.bad_rows),
        fmt::format("The first: {}", report.first_bad.front()));
  }
  throw Error(fmt::format("{} has no examples: {}", lines.name(),
                          lines.line() == 0            ? "it is empty"
                          : report.text_column.empty() ? "all its lines are empty"
                                                       : "nothing follows its header"),
              "A data file has an example on each line: a label and a text.");
}

}  // namespace

ReadReport read_examples(const std::string& path, const ReadOptions& options,
                         const std::function<void(const Example&)>& take) {
  ReadContext context(path, options, take);
  ReadReport& report = context.report();
  report.format = format_of(path, context);
  if (report.format != nullptr) report.format->read(context);
  if (report.examples == 0) refuse_empty(context.lines(), report);
  if (2 * report.broken_texts > report.examples) refuse_encoding(context.lines().name(), report);
  return std::move(report);
}

}  // namespace weft
