// The usual names of columns, and the choice among the columns of a file.
#include "frontend/data/columns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

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

// The column that was asked for, among `count` columns; `names` is empty if there is no header.
std::size_t find_asked(const std::string& asked, const std::vector<std::string>& names,
                       std::size_t count, const char* flag) {
  if (asked.empty()) return kNone;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == asked) return i;
  }
  const std::vector<std::string> plain = folded(names);
  const auto found = std::find(plain.begin(), plain.end(), folded(asked));
  if (found != plain.end()) return static_cast<std::size_t>(found - plain.begin());
  const std::size_t number = column_number(asked);
  if (number >= 1 && number <= count) return number - 1;
  if (names.empty()) {
    throw Error(fmt::format("{} {}: the file has {} columns and no header", flag, asked, count),
                fmt::format("Give a number from 1 to {}.", count));
  }
  throw Error(fmt::format("{} {}: the file has no such column", flag, asked),
              fmt::format("Its columns are: {}.", fmt::join(names, ", ")));
}

Columns checked(std::size_t text, std::size_t label, std::size_t pair, std::size_t count) {
  if (text == label || pair == label) {
    throw Error(fmt::format("column {} cannot be both the text and the label", label + 1),
                "Give --text-column and --label-column.");
  }
  Columns columns{text, label, count};
  if (pair == text) {
    throw Error(fmt::format("column {} cannot be both texts of a pair", text + 1),
                "Give two columns: --text-column premise,hypothesis.");
  }
  if (pair != kNone) columns.pair = pair;
  return columns;
}

// The columns asked for by --text-column: one, or two with a comma between.
struct AskedTexts {
  std::string text, pair;
};
AskedTexts asked_texts(const ReadOptions& options, const std::vector<std::string>& names) {
  const std::string& asked = options.text_column;
  const std::size_t comma = asked.find(',');
  const bool one = comma == std::string::npos || comma == 0 || comma + 1 == asked.size() ||
                   std::ranges::find(names, asked) != names.end();
  if (one) return {asked, ""};
  return {asked.substr(0, comma), asked.substr(comma + 1)};
}

// The column of three that is not in the pair; kNone if that cannot be told.
std::size_t third_of(std::size_t count, std::size_t text, std::size_t pair) {
  return count == 3 && pair != kNone && text != pair ? 3 - text - pair : kNone;
}

}  // namespace

std::size_t column_number(const std::string& asked) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(asked.data(), asked.data() + asked.size(), number);
  return error == std::errc{} && end == asked.data() + asked.size() ? number : 0;
}

bool is_header(const std::vector<std::string>& row, const ReadOptions& options) {
  if (options.header) return *options.header;
  const AskedTexts texts = asked_texts(options, row);
  for (const std::string* asked : {&texts.text, &texts.pair, &options.label_column}) {
    if (asked->empty()) continue;
    const bool digits = asked->find_first_not_of("0123456789") == std::string::npos;
    if (!digits) return true;  // a name
    if (column_number(*asked) == 0 && std::ranges::find(row, *asked) != row.end()) return true;
  }
  const std::vector<std::string> names = folded(row);
  const auto sure_end = kLabelNames.begin() + kSureNames;
  const bool sure = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(kLabelNames.begin(), sure_end, name) != sure_end;
  });
  return sure ||
         (find_usual(names, kLabelNames) != kNone && find_usual(names, kTextNames) != kNone);
}

Columns columns_by_name(const std::vector<std::string>& names, const ReadOptions& options) {
  const std::vector<std::string> plain = folded(names);
  const AskedTexts texts = asked_texts(options, names);
  std::size_t text = find_asked(texts.text, names, names.size(), "--text-column");
  const std::size_t pair = find_asked(texts.pair, names, names.size(), "--text-column");
  std::size_t label = find_asked(options.label_column, names, names.size(), "--label-column");
  if (label == kNone) label = find_usual(plain, kLabelNames, text);
  if (text == kNone) text = find_usual(plain, kTextNames, label);
  if (names.size() == 2) {
    if (label == kNone && text != kNone) label = 1 - text;
    if (text == kNone && label != kNone) text = 1 - label;
  }
  if (label == kNone) label = third_of(names.size(), text, pair);
  if (text == kNone || label == kNone) {
    throw Error(
        fmt::format("cannot tell which column is the {}", label == kNone ? "label" : "text"),
        fmt::format("Give {}; the columns are: {}.",
                    label == kNone ? "--label-column" : "--text-column", fmt::join(names, ", ")));
  }
  return checked(text, label, pair, names.size());
}

Columns columns_by_position(std::size_t count, const ReadOptions& options) {
  if (count < 2) {
    throw Error("the first row has one column; a label and a text are needed",
                "Put a tab (TSV) or a comma (CSV) between them, or give another --format.");
  }
  const AskedTexts texts = asked_texts(options, {});
  std::size_t text = find_asked(texts.text, {}, count, "--text-column");
  const std::size_t pair = find_asked(texts.pair, {}, count, "--text-column");
  std::size_t label = find_asked(options.label_column, {}, count, "--label-column");
  const bool assumed = text == kNone && label == kNone;
  if (label == kNone) label = third_of(count, text, pair);
  if (count > 2 && (text == kNone || label == kNone)) {
    throw Error(fmt::format("cannot tell which of {} columns are the text and the label", count),
                "Give --text-column and --label-column by number, or add a header line.");
  }
  if (label == kNone) label = text == kNone ? 0 : 1 - text;
  if (text == kNone) text = 1 - label;
  Columns columns = checked(text, label, pair, count);
  columns.assumed = assumed;
  return columns;
}

}  // namespace weft
