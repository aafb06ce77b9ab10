// The usual names of columns, and the choice among the columns of a file.
#include "frontend/data/columns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "frontend/format/suggest.h"
#include "ir/diagnostic.h"
#include "runtime/text/normalize.h"

namespace weft {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// Each of the first four is enough to tell a header.
constexpr std::array<std::string_view, 20> kLabelNames = {
    "label",  "labels",    "__label__", "标签",   "class", "category", "categories",
    "target", "sentiment", "topic",     "intent", "tag",   "tags",     "section",
    "y",      "类别",      "分类",      "类型",   "情感",  "主题"};
constexpr std::size_t kSureNames = 4;
constexpr std::array<std::string_view, 26> kTextNames = {
    "text",     "sentence",    "review",    "content", "message",  "comment", "document",
    "body",     "description", "utterance", "query",   "question", "tweet",   "title",
    "headline", "summary",     "x",         "文本",    "内容",     "评论",    "评价",
    "正文",     "句子",        "问题",      "标题",    "摘要"};

std::string folded(std::string_view name) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!name.empty() && is_space(name.front())) name.remove_prefix(1);
  while (!name.empty() && is_space(name.back())) name.remove_suffix(1);
  std::string result(name);
  lowercase_ascii(result.data(), result.data() + result.size());
  return result;
}

std::vector<std::string> folded(const std::vector<std::string>& row) {
  std::vector<std::string> result;
  result.reserve(row.size());
  for (const std::string& name : row) result.push_back(folded(name));
  return result;
}

// The column with the first usual name that the file has; never `taken`.
template <std::size_t N>
std::size_t find_usual(const std::vector<std::string>& row,
                       const std::array<std::string_view, N>& usual, std::size_t taken = kNone) {
  for (const std::string_view name : usual) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i] == name && i != taken) return i;
    }
  }
  return kNone;
}

// The number, from 1, if a column was asked for by number; else 0.
std::size_t column_number(const std::string& asked) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(asked.data(), asked.data() + asked.size(), number);
  return error == std::errc{} && end == asked.data() + asked.size() ? number : 0;
}

bool is_digits(const std::string& text) {
  return text.find_first_not_of("0123456789") == std::string::npos;
}

// The column of this name or number, among `count`; kNone if there is none.
std::size_t find_column(const std::string& asked, const std::vector<std::string>& names,
                        std::size_t count) {
  const auto exact = std::ranges::find(names, asked);
  if (exact != names.end()) return static_cast<std::size_t>(exact - names.begin());
  const std::vector<std::string> plain = folded(names);
  const auto found = std::ranges::find(plain, folded(asked));
  if (found != plain.end()) return static_cast<std::size_t>(found - plain.begin());
  const std::size_t number = column_number(asked);
  return number >= 1 && number <= count ? number - 1 : kNone;
}

[[noreturn]] void refuse_column(const std::string& asked, const std::vector<std::string>& names,
                                std::size_t count, const char* flag) {
  if (names.empty()) {
    throw Error(
        fmt::format("{} {}: the file has {} column{} and no header", flag, asked, count,
                    count == 1 ? "" : "s"),
        count == 1 ? std::string("Give 1.") : fmt::format("Give a number from 1 to {}.", count));
  }
  const std::string near = nearest(asked, names);
  throw Error(fmt::format("{} {}: the file has no such column", flag, asked),
              near.empty() ? fmt::format("Its columns are: {}.", fmt::join(names, ", "))
                           : fmt::format("Did you mean {}?", near));
}

// The columns that were asked for, among `count`; `names` is empty if there is no header.
std::vector<std::size_t> find_asked(const std::string& asked, const std::vector<std::string>& names,
                                    std::size_t count, const char* flag) {
  if (asked.empty()) return {};
  if (const std::size_t whole = find_column(asked, names, count); whole != kNone) return {whole};
  std::vector<std::size_t> found;
  for (const std::string& one : split_at_commas(asked)) {
    const std::size_t column = find_column(one, names, count);
    if (column == kNone) refuse_column(one, names, count, flag);
    if (std::ranges::find(found, column) != found.end()) {
      throw Error(fmt::format("{} {}: column {} is named twice", flag, asked, column + 1),
                  "Name each column once.");
    }
    found.push_back(column);
  }
  return found;
}

// Those that were asked for.
Columns asked_columns(const std::vector<std::string>& names, std::size_t count,
                      const ReadOptions& options) {
  Columns columns;
  columns.count = count;
  columns.texts = find_asked(options.text_column, names, count, "--text-column");
  if (options.labels) {
    columns.labels = find_asked(options.label_column, names, count, "--label-column");
  }
  const auto ids = find_asked(options.id_column, names, count, "--id-column");
  if (ids.size() > 1) throw Error("--id-column is one column", "Name one.");
  if (!ids.empty()) columns.id = ids.front();
  return columns;
}

// The column of three that is not in the pair; kNone if that cannot be told.
std::size_t beside_pair(const Columns& columns) {
  const bool told = columns.count == 3 && columns.texts.size() == 2;
  return told ? 3 - columns.texts[0] - columns.texts[1] : kNone;
}

Columns checked(Columns columns) {
  for (const std::size_t text : columns.texts) {
    if (std::ranges::find(columns.labels, text) == columns.labels.end()) continue;
    throw Error(fmt::format("column {} cannot be both the text and the label", text + 1),
                "Give --text-column and --label-column.");
  }
  return columns;
}

[[noreturn]] void refuse_to_choose(bool label, const std::vector<std::string>& names) {
  throw Error(fmt::format("cannot tell which column is the {}", label ? "label" : "text"),
              fmt::format("Give {}; the columns are: {}.",
                          label ? "--label-column (several, with commas, if each holds 0 or 1)"
                                : "--text-column",
                          fmt::join(names, ", ")));
}

}  // namespace

bool same_column_name(std::string_view a, std::string_view b) {
  if (a == b) return true;
  constexpr std::size_t kLongest = 200;  // bytes: a text is no name, and not worth the work
  return a.size() <= kLongest && b.size() <= kLongest && folded(a) == folded(b);
}

std::vector<std::string> split_at_commas(std::string_view list) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = list.find(',');
    std::string_view part = list.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.emplace_back(part);
    if (end == std::string_view::npos) return parts;
    list.remove_prefix(end + 1);
  }
}

bool is_header(const std::vector<std::string>& row, const ReadOptions& options) {
  if (options.header) return *options.header;
  for (const std::string* asked :
       {&options.text_column, &options.label_column, &options.id_column}) {
    if (asked->empty()) continue;
    for (const std::string& one : split_at_commas(*asked)) {
      if (!is_digits(one)) return true;  // a name
      if (column_number(one) == 0 && std::ranges::find(row, one) != row.end()) return true;
    }
  }
  const std::vector<std::string> names = folded(row);
  const auto sure_end = kLabelNames.begin() + kSureNames;
  const bool sure = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(kLabelNames.begin(), sure_end, name) != sure_end;
  });
  const bool text = find_usual(names, kTextNames) != kNone;
  if (!options.labels && text && row.size() == 1) return true;
  return sure || (text && find_usual(names, kLabelNames) != kNone);
}

bool holds_usual_name(const std::vector<std::string>& row) {
  const std::vector<std::string> names = folded(row);
  return find_usual(names, kLabelNames) != kNone || find_usual(names, kTextNames) != kNone;
}

Columns columns_by_name(const std::vector<std::string>& names, const ReadOptions& options) {
  Columns columns = asked_columns(names, names.size(), options);
  const std::vector<std::string> plain = folded(names);
  const std::size_t asked_text = columns.texts.size() == 1 ? columns.texts.front() : kNone;
  std::size_t label = kNone;
  if (columns.labels.empty()) label = find_usual(plain, kLabelNames, asked_text);
  std::size_t text = asked_text;
  if (columns.texts.empty()) {
    text = find_usual(plain, kTextNames, columns.labels.size() == 1 ? columns.labels[0] : label);
  }
  if (columns.labels.size() == 1) label = columns.labels.front();
  if (names.size() == 2) {
    if (label == kNone && text != kNone) label = 1 - text;
    if (text == kNone && label != kNone) text = 1 - label;
  }
  if (columns.labels.empty() && label == kNone) label = beside_pair(columns);
  if (columns.texts.empty() && text == kNone && names.size() == 1 && !options.labels) text = 0;
  if (columns.labels.empty() && options.labels) {
    if (label == kNone) refuse_to_choose(true, names);
    columns.labels = {label};
  }
  if (columns.texts.empty()) {
    if (text == kNone) refuse_to_choose(false, names);
    columns.texts = {text};
  }
  return checked(std::move(columns));
}

Columns columns_by_position(std::size_t count, const ReadOptions& options) {
  if (count < 2 && options.labels) {
    throw Error("the first row has one column; a label and a text are needed",
                "Put a tab (TSV) or a comma (CSV) between them, or give another --format.");
  }
  Columns columns = asked_columns({}, count, options);
  if (const std::size_t other = beside_pair(columns); columns.labels.empty() && other != kNone) {
    columns.labels = {other};
  }
  const bool text = !columns.texts.empty(), label = !columns.labels.empty();
  if (!options.labels) {
    if (!text && count > 2) {
      throw Error(fmt::format("cannot tell which of {} columns is the text", count),
                  "Give --text-column by number, or add a header line.");
    }
    if (!text) columns.texts = {count - 1};
    columns.assumed = !text && count == 2;
    return columns;
  }
  if (count > 2 && !(text && label)) {
    throw Error(fmt::format("cannot tell which of {} columns are the text and the label", count),
                "Give --text-column and --label-column by number, or add a header line.");
  }
  if (!label) columns.labels = {text ? 1 - columns.texts.front() : 0};
  if (!text) columns.texts = {1 - columns.labels.front()};
  columns.assumed = !text && !label;
  return checked(std::move(columns));
}

}  // namespace weft
