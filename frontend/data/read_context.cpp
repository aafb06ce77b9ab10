// Examples, bad rows and the choice of columns, for every format.
#include "frontend/data/read_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "frontend/data/label_rules.h"
#include "ir/control_characters.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

constexpr std::size_t kMaxBadRowsNamed = 5;

// Calls `choose`, and adds the line to its Error.
template <typename Choose>
Columns choose_at(const ReadContext& context, std::size_t line, const Choose& choose) {
  try {
    return choose();
  } catch (const Error& error) {
    const Diagnostic& what = error.diagnostics().front();
    throw context.error_at({line, 1, what.message, what.note});
  }
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && utf8::is_ascii_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && utf8::is_ascii_space(text.back())) text.remove_suffix(1);
  return text;
}

Error ReadContext::error_at(const BadRow& bad) const {
  const SourceLocation location{static_cast<std::uint32_t>(bad.line),
                                static_cast<std::uint32_t>(bad.column)};
  return Error(location, bad.message, bad.remedy).in(lines_.name(), "");
}

void ReadContext::skip_or_stop(const BadRow& bad) {
  if (!options_.skip_bad) {
    std::string remedy = bad.remedy;
    if (lines_.seams().count > 0 && bad.line == lines_.seams().first) {
      remedy = fmt::format("Two packed files meet on line {}: end the first with a line end. {}",
                           lines_.seams().first, remedy);
    }
    throw error_at(
        {bad.line, bad.column, bad.message, remedy + " --skip-bad leaves such rows out."});
  }
  if (++report_.bad_rows <= kMaxBadRowsNamed) {
    report_.first_bad.push_back(fmt::format("{}:{}: {}", lines_.name(), bad.line, bad.message));
  }
}

void ReadContext::name_columns(const Columns& columns, std::span<const std::string> names) {
  const auto listed = [&](const std::vector<std::size_t>& chosen) {
    std::string list;
    for (const std::size_t i : chosen) list += (list.empty() ? "" : ", ") + names[i];
    return list;
  };
  pairs_ = columns.texts.size() == 2;
  report_.text_column = listed(columns.texts);
  report_.label_column = listed(columns.labels);
}

Columns ReadContext::columns_of_header(const std::vector<std::string>& names, std::size_t line) {
  Columns columns = choose_at(*this, line, [&] { return columns_by_name(names, options_); });
  name_columns(columns, names);
  const auto is_read = [&](std::size_t i) {
    return columns.id == i || std::ranges::find(columns.texts, i) != columns.texts.end() ||
           std::ranges::find(columns.labels, i) != columns.labels.end();
  };
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!is_read(i)) report_.other_columns.push_back(names[i]);
  }
  report_.has_header = true;
  return columns;
}

Columns ReadContext::columns_of_row(const std::vector<std::string>& row, std::size_t line) {
  Columns columns =
      choose_at(*this, line, [&] { return columns_by_position(row.size(), options_); });
  std::vector<std::string> numbers;
  for (std::size_t i = 0; i < row.size(); ++i) numbers.push_back(std::to_string(i + 1));
  name_columns(columns, numbers);
  report_.columns_assumed = columns.assumed;
  return columns;
}

void ReadContext::note(std::string_view sentence) {
  report_.notes.push_back(fmt::format("{}: {}", lines_.name(), sentence));
}

void ReadContext::remark(std::string_view sentence) {
  report_.remarks.push_back(fmt::format("{}: {}", lines_.name(), sentence));
}

void ReadContext::begin_example(std::size_t line) {
  example_.line = line;
  example_.labels.clear();
  example_.text.clear();
  example_.pair.reset();
  example_.id.clear();
  has_text_ = false;
}

void ReadContext::add_label(std::string_view label) {
  const std::string_view name = trimmed_label(label);
  if (const auto fault = label_fault(name)) {
    throw BadRow{example_.line, 1, std::string(fault->what), std::string(fault->remedy)};
  }
  example_.labels.emplace_back(name);
}

void ReadContext::add_labels(std::string_view field) {
  const std::string& separator = options_.label_separator;
  if (separator.empty()) return add_label(field);
  if (trimmed_label(field).empty()) return;
  for (;;) {
    const std::size_t end = field.find(separator);
    add_label(field.substr(0, end));
    if (end == std::string_view::npos) return;
    field.remove_prefix(end + separator.size());
  }
}

void ReadContext::add_label_if(std::string_view field, std::string_view name) {
  constexpr std::array<std::string_view, 5> kYes = {"1", "1.0", "true", "True", "TRUE"};
  constexpr std::array<std::string_view, 6> kNo = {"0", "0.0", "false", "False", "FALSE", ""};
  const std::string_view value = trim(field);
  if (std::ranges::find(kYes, value) != kYes.end()) return add_label(name);
  if (std::ranges::find(kNo, value) != kNo.end()) return;
  throw BadRow{
      example_.line, 1,
      fmt::format("`{}` is `{}`; a column that is one of several labels holds 0 or 1", name, value),
      "Give one --label-column, or the columns that hold 0 and 1."};
}

void ReadContext::set_id(std::string_view id) {
  if (holds_control_character(id)) {
    throw BadRow{example_.line, 1, "the id holds a line break or another control character",
                 "Give another --id-column."};
  }
  example_.id.assign(id);
}

void ReadContext::add_text(std::string_view text) {
  if (!has_text_) {
    example_.text += text;
  } else if (pairs_) {
    example_.pair = text;
  } else {
    example_.text.append(1, ' ').append(text);
  }
  has_text_ = true;
}

void ReadContext::finish_example() {
  finished_ = true;
  if (example_.labels.size() > 1) {  // each once
    std::unordered_set<std::string> seen;
    std::erase_if(example_.labels, [&](const auto& label) { return !seen.insert(label).second; });
  }
  ++report_.examples;
  const auto& pair = example_.pair;
  const bool valid = utf8::is_valid(example_.text) && (!pair || utf8::is_valid(*pair));
  if (!valid && ++report_.broken_texts == 1) report_.first_broken = example_.line;
}

Example* ReadContext::take_example() {
  if (!finished_) return nullptr;
  finished_ = false;
  return &example_;
}

}  // namespace weft
