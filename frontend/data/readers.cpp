// One reader for each format; what they share is how a row becomes an example, or a complaint.
#include "frontend/data/readers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "frontend/data/columns.h"
#include "frontend/data/delimited.h"
#include "frontend/data/line_reader.h"
#include "ir/diagnostic.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;  // keys in file order, to name the columns in

constexpr std::string_view kLabelPrefix = "__label__";
constexpr std::size_t kBadRowsNamed = 5;

std::string_view trim(std::string_view text) {
  while (!text.empty() && utf8::is_ascii_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && utf8::is_ascii_space(text.back())) text.remove_suffix(1);
  return text;
}

// A file being read: where examples go, and what happens to bad rows.
class Reader {
 public:
  Reader(const std::string& path, const ReadOptions& options,
         const std::function<void(const Example&)>& take)
      : lines_(path), options_(options), take_(take) {}

  ReadReport read(DataFormat format) {
    report_.format = format == DataFormat::automatic ? sniff() : format;
    switch (report_.format) {
      case DataFormat::tsv:
        rows(RowReader::Style::tsv);
        break;
      case DataFormat::csv:
        rows(RowReader::Style::csv);
        break;
      case DataFormat::jsonl:
        json_lines();
        break;
      default:
        fasttext_lines();
    }
    if (report_.examples == 0) complain_of_emptiness();
    if (2 * report_.broken_texts > report_.examples) complain_of_encoding();
    return std::move(report_);
  }

 private:
  Error place(const BadRow& bad) const {
    const SourceLocation location{static_cast<std::uint32_t>(bad.line),
                                  static_cast<std::uint32_t>(bad.column)};
    return Error(location, bad.message, bad.remedy).in(lines_.name(), "");
  }

  // Runs `row`, and stops at what is bad about it, or counts it.
  template <typename Row>
  void attempt(Row&& row) {
    try {
      row();
    } catch (const BadRow& bad) {
      if (!options_.skip_bad) {
        BadRow stop = bad;
        stop.remedy += " --skip-bad leaves such rows out.";
        throw place(stop);
      }
      if (++report_.bad_rows <= kBadRowsNamed) {
        report_.first_bad.push_back(fmt::format("{}:{}: {}", lines_.name(), bad.line, bad.message));
      }
    }
  }

  void begin_example(std::size_t line) {
    example_.line = line;
    example_.labels.clear();
  }

  void add_label(std::string_view label, std::size_t column = 1) {
    const std::string_view name = trim(label);
    const auto bad = [&](const char* message, const char* remedy) {
      throw BadRow{example_.line, column, message, remedy};
    };
    if (name.empty()) bad("the label is empty", "Give the row a label, or leave the row out.");
    if (!utf8::is_valid(name)) {
      bad("the label is not UTF-8", "Convert the file: iconv -f ENCODING -t UTF-8.");
    }
    if (std::any_of(name.begin(), name.end(),
                    [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
      bad("the label holds a line break or another control character",
          "Labels are one line; are the text and the label columns swapped?");
    }
    if (std::find(example_.labels.begin(), example_.labels.end(), name) == example_.labels.end()) {
      example_.labels.emplace_back(name);
    }
  }

  // One label, or where labels have a separator any number of them.
  void add_labels(std::string_view field) {
    const std::string& separator = options_.label_separator;
    if (separator.empty()) return add_label(field);
    if (trim(field).empty()) return;
    for (;;) {
      const std::size_t end = field.find(separator);
      add_label(field.substr(0, end));
      if (end == std::string_view::npos) return;
      field.remove_prefix(end + separator.size());
    }
  }

  void finish_example() {
    ++report_.examples;
    if (!utf8::is_valid(example_.text) && ++report_.broken_texts == 1) {
      report_.first_broken = example_.line;
    }
    take_(example_);
  }

  void rows(RowReader::Style style) {
    RowReader reader(lines_, style);
    std::vector<std::string> fields;
    std::optional<Columns> columns;
    for (bool more = true; more;) {
      attempt([&] {
        more = reader.next(fields);
        if (!more) return;
        if (!columns && choose_columns(fields, reader.line(), columns)) return;
        row(fields, reader.line(), *columns);
      });
    }
  }

  // True if the first row is a header.
  bool choose_columns(const std::vector<std::string>& fields, std::size_t line,
                      std::optional<Columns>& columns) {
    const bool header = is_header(fields, options_);
    try {
      columns =
          header ? columns_by_name(fields, options_) : columns_by_position(fields.size(), options_);
    } catch (const Error& error) {
      const Diagnostic& what = error.diagnostics().front();
      throw place({line, 1, what.message, what.note});
    }
    report_.text_column = header ? fields[columns->text] : std::to_string(columns->text + 1);
    report_.label_column = header ? fields[columns->label] : std::to_string(columns->label + 1);
    report_.columns_assumed = columns->assumed;
    return header;
  }

  void row(std::vector<std::string>& fields, std::size_t line, const Columns& columns) {
    if (fields.size() != columns.count) {
      const bool tsv = report_.format == DataFormat::tsv;
      throw BadRow{line, 1,
                   fmt::format("the row has {} field{}, the first row has {}", fields.size(),
                               fields.size() == 1 ? "" : "s", columns.count),
                   tsv ? "Leave no tab within a text." : "Put quotes around a text with a comma."};
    }
    begin_example(line);
    add_labels(fields[columns.label]);
    example_.text.swap(fields[columns.text]);
    finish_example();
  }

  void json_lines() {
    std::string_view line;
    while (lines_.next(line)) {
      if (trim(line).empty()) continue;
      attempt([&] { json_row(line); });
    }
  }

  void json_row(std::string_view line) {
    if (report_.examples + report_.bad_rows == 0 && trim(line).starts_with('[')) {
      throw place({lines_.line(), 1, "the file is a JSON array; weft reads one object a line",
                   "Convert it: jq -c '.[]' FILE > FILE.jsonl"});
    }
    const Json object = parse_json(line);
    if (report_.text_column.empty()) choose_keys(object);
    begin_example(lines_.line());
    const Json& text = member(object, report_.text_column);
    if (!text.is_string()) {
      throw BadRow{lines_.line(), 1,
                   fmt::format("`{}` is a JSON {}; the text must be a string", report_.text_column,
                               text.type_name()),
                   "Put quotes around it, or give another --text-column."};
    }
    add_json_labels(member(object, report_.label_column));
    example_.text = text.get_ref<const std::string&>();
    finish_example();
  }

  Json parse_json(std::string_view line) const {
    Json object;
    try {
      object = Json::parse(line);
    } catch (const Json::parse_error& error) {
      throw BadRow{lines_.line(), error.byte, "this is not valid JSON",
                   "Each line must be one complete JSON object in UTF-8."};
    } catch (const Json::exception&) {  // a number beyond double
      throw BadRow{lines_.line(), 1, "the JSON holds a number that is out of range",
                   "Each line must be one complete JSON object in UTF-8."};
    }
    if (!object.is_object()) {
      throw BadRow{lines_.line(), 1,
                   fmt::format("the line is a JSON {}, not an object", object.type_name()),
                   R"(Write {"label": ..., "text": ...} on each line.)"};
    }
    return object;
  }

  void choose_keys(const Json& object) {
    std::vector<std::string> keys;
    for (const auto& item : object.items()) keys.push_back(item.key());
    std::optional<Columns> columns;
    ReadOptions by_name = options_;
    by_name.header = true;
    try {
      columns = columns_by_name(keys, by_name);
    } catch (const Error& error) {
      const Diagnostic& what = error.diagnostics().front();
      throw place({lines_.line(), 1, what.message, what.note});
    }
    report_.text_column = keys[columns->text];
    report_.label_column = keys[columns->label];
  }

  const Json& member(const Json& object, const std::string& key) const {
    const auto found = object.find(key);
    if (found == object.end()) {
      throw BadRow{lines_.line(), 1, fmt::format("the object has no `{}`", key),
                   "Each object needs the keys of the first."};
    }
    return *found;
  }

  void add_json_labels(const Json& value) {
    if (value.is_string()) return add_labels(value.get_ref<const std::string&>());
    if (value.is_number() || value.is_boolean()) return add_label(value.dump());
    if (value.is_array()) {
      for (const Json& one : value) {
        if (!one.is_string() && !one.is_number()) bad_label(one);
        add_label(one.is_string() ? one.get_ref<const std::string&>() : one.dump());
      }
      if (!value.empty() || !options_.label_separator.empty()) return;
    }
    bad_label(value);
  }

  [[noreturn]] void bad_label(const Json& value) const {
    throw BadRow{lines_.line(), 1,
                 value.is_array() && value.empty()
                     ? "the row has no label"
                     : fmt::format("a label is a JSON {}", value.type_name()),
                 "A label is a string, a number, or an array of these."};
  }

  void fasttext_lines() {
    std::string_view line;
    while (lines_.next(line)) {
      if (trim(line).empty()) continue;
      attempt([&] { fasttext_row(line); });
    }
  }

  void fasttext_row(std::string_view line) {
    begin_example(lines_.line());
    std::string_view rest = line;
    for (;;) {
      const std::string_view word_on = trim(rest);
      if (!word_on.starts_with(kLabelPrefix)) break;
      const std::size_t end = word_on.find_first_of(" \t");
      add_label(word_on.substr(0, end).substr(kLabelPrefix.size()));
      rest = end == std::string_view::npos ? std::string_view{} : word_on.substr(end);
    }
    if (example_.labels.empty()) {
      throw BadRow{lines_.line(), 1, "the line does not begin with `__label__`",
                   "Begin it with `__label__` and the label, or give another --format."};
    }
    example_.text = trim(rest);
    finish_example();
  }

  // A file that its name does not tell is fastText's if it begins like it.
  DataFormat sniff() {
    std::string_view line;
    while (lines_.next(line)) {
      if (trim(line).empty()) continue;
      if (!trim(line).starts_with(kLabelPrefix)) {
        throw Error(fmt::format("cannot tell the format of {}", lines_.name()),
                    "Give --format tsv, csv, jsonl or fasttext.");
      }
      lines_.unread();
      return DataFormat::fasttext;
    }
    return DataFormat::fasttext;
  }

  [[noreturn]] void complain_of_encoding() const {
    throw Error(
        fmt::format("{} is not UTF-8: {} of its {} texts are not, the first on line {}",
                    lines_.name(), report_.broken_texts, report_.examples, report_.first_broken),
        "Convert it: iconv -f ENCODING -t UTF-8 FILE > NEW_FILE; Chinese files are often "
        "in GB18030, others in WINDOWS-1252.");
  }

  [[noreturn]] void complain_of_emptiness() const {
    if (report_.bad_rows > 0) {
      throw Error(
          fmt::format("{} has no examples: all {} rows are bad", lines_.name(), report_.bad_rows),
          fmt::format("The first: {}", report_.first_bad.front()));
    }
    throw Error(fmt::format("{} has no examples: {}", lines_.name(),
                            lines_.line() == 0            ? "it is empty"
                            : report_.text_column.empty() ? "all its lines are empty"
                                                          : "nothing follows its header"),
                "A data file has an example on each line: a label and a text.");
  }

  LineReader lines_;
  const ReadOptions& options_;
  const std::function<void(const Example&)>& take_;
  Example example_;
  ReadReport report_;
};

DataFormat format_of(std::string_view path) {
  if (path.ends_with(".gz")) path.remove_suffix(3);
  if (path.ends_with(".tsv")) return DataFormat::tsv;
  if (path.ends_with(".csv")) return DataFormat::csv;
  for (const std::string_view extension : {".jsonl", ".json", ".ndjson"}) {
    if (path.ends_with(extension)) return DataFormat::jsonl;
  }
  return DataFormat::automatic;
}

}  // namespace

std::optional<DataFormat> data_format(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames = {"auto", "tsv", "csv", "jsonl", "fasttext"};
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<DataFormat>(found - kNames.begin());
}

ReadReport read_examples(const std::string& path, const ReadOptions& options,
                         const std::function<void(const Example&)>& take) {
  Reader reader(path, options, take);
  return reader.read(options.format == DataFormat::automatic ? format_of(path) : options.format);
}

}  // namespace weft
