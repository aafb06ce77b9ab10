// Finds the format of a file, has it read, and judges what was read.
#include "frontend/data/readers.h"

#include <fmt/format.h>

#include "frontend/data/data_format.h"
#include "frontend/data/read_context.h"
#include "ir/diagnostic.h"
#include "runtime/text/normalize.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

constexpr std::size_t kSample = std::size_t{1} << 16;

// The first line of the file that is not blank.
std::string_view first_line(LineReader& lines) {
  for (std::size_t size = kSample;; size *= 2) {
    std::string_view text = lines.ahead(size);
    const bool whole = text.size() < size;
    while (!text.empty() && (utf8::is_ascii_space(text.front()) || text.front() == '\xEF')) {
      const bool mark = text.starts_with("\xEF\xBB\xBF");
      if (text.front() == '\xEF' && !mark) break;
      text.remove_prefix(mark ? 3 : 1);
    }
    const std::size_t end = text.find_first_of("\r\n");
    if (end != std::string_view::npos || whole) return text.substr(0, end);
  }
}

// What a browser saves, or a server sends, where the file itself was meant.
void refuse_web_page(const std::string& name, std::string_view line) {
  std::string begin(line.substr(0, 20));
  lowercase_ascii(begin.data(), begin.data() + begin.size());
  if (!begin.starts_with("<!doctype html") && !begin.starts_with("<html")) return;
  throw Error(fmt::format("{} is a web page", name), "Download the file that it links to.");
}

// Null where the file has no line to tell by.
const DataFormat* format_of(const std::string& path, ReadContext& context) {
  const ReadOptions& options = context.options();
  if (options.format != nullptr) return options.format;
  const std::string_view line = first_line(context.lines());
  refuse_web_page(context.lines().name(), line);
  if (const DataFormat* format = format_by_extension(path)) return format;
  if (line.empty()) return nullptr;
  if (const DataFormat* format = format_by_content(line)) return format;
  if (options.delimiter) return *options.delimiter == '\t' ? &formats::tsv : &formats::csv;
  if (line.find('\t') != std::string_view::npos) return &formats::tsv;
  const bool spaced = line.starts_with('"') && line.find("\" \"") != std::string_view::npos;
  throw Error(fmt::format("cannot tell the format of {}", context.lines().name()),
              spaced ? "Spaces stand between fields in quotes: give --format csv --delimiter space."
                     : fmt::format("Give --format {}.", data_format_names()));
}

// Flags that the format has no use for are not passed over in silence.
void check_options(const DataFormat& format, const ReadOptions& options) {
  if (format.delimited) return;
  const char* flag = options.delimiter ? "--delimiter"
                     : options.quote   ? "--quote"
                     : options.escape  ? "--escape"
                     : options.header  ? "--header"
                                       : nullptr;
  if (flag == nullptr) return;
  throw Error(fmt::format("{} is for TSV and CSV, but the file is read as {}", flag, format.name),
              "Leave it out, or give --format csv.");
}

[[noreturn]] void refuse_encoding(const std::string& name, const ReadReport& report) {
  throw Error(fmt::format("{} is in another encoding: {} of its {} texts cannot be read, the first "
                          "on line {}",
                          name, report.broken_texts, report.examples, report.first_broken),
              "Give --encoding; Chinese files are often in GB18030, others in windows-1252.");
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

void say_what_was_odd(ReadContext& context) {
  const LineReader& lines = context.lines();
  if (!lines.decoded().empty()) context.note(fmt::format("read as {}", lines.decoded()));
  if (lines.returns().count > 0) {
    context.remark(fmt::format(
        "{} line{} a carriage return, which is read as white space ({})", lines.returns().count,
        lines.returns().count == 1 ? " holds" : "s hold", lines.returns().where()));
  }
  if (lines.seams().count > 0) {
    context.remark(fmt::format(
        "{} line{} where one packed file ends and another begins, without a line end between "
        "them ({}): they may be two rows",
        lines.seams().count, lines.seams().count == 1 ? " is" : "s are", lines.seams().where()));
  }
  const ReadReport& report = context.report();
  if (report.bad_rows > 0) {
    context.remark(fmt::format("{} bad rows skipped; the first: {}", report.bad_rows,
                               report.first_bad.front()));
  }
  if (report.broken_texts > 0) {
    context.remark(fmt::format(
        "{} of {} texts {} not valid {} ({}line {}): bad bytes are read as unknown characters",
        report.broken_texts, report.examples, report.broken_texts == 1 ? "is" : "are",
        lines.decoded().empty() ? "UTF-8" : lines.decoded(),
        report.broken_texts == 1 ? "" : "the first on ", report.first_broken));
  }
}

}  // namespace

ExampleReader::ExampleReader(const std::string& path, const ReadOptions& options)
    : context_(std::make_unique<ReadContext>(path, options)) {
  const DataFormat* format = format_of(path, *context_);
  context_->report().format = format;
  if (format == nullptr) return;
  check_options(*format, options);
  rows_ = format->open(*context_);
}

ExampleReader::~ExampleReader() = default;

const ReadReport& ExampleReader::report() const { return context_->report(); }
bool ExampleReader::pending() const { return context_->lines().pending(); }

Example* ExampleReader::next() {
  bool more = !ended_ && rows_ != nullptr;
  while (more) {
    context_->attempt([&] { more = rows_->next(); });
    if (Example* example = context_->take_example()) return example;
  }
  if (ended_) return nullptr;
  ended_ = true;
  const ReadReport& report = context_->report();
  if (report.examples == 0) refuse_empty(context_->lines(), report);
  if (2 * report.broken_texts > report.examples) refuse_encoding(context_->lines().name(), report);
  say_what_was_odd(*context_);
  return nullptr;
}

ReadReport read_examples(const std::string& path, const ReadOptions& options,
                         const std::function<void(const Example&)>& take) {
  ExampleReader reader(path, options);
  while (const Example* example = reader.next()) take(*example);
  return reader.report();
}

}  // namespace weft
