// Examples, bad rows and the choice of columns, for every format.
#include "frontend/data/read_context.h"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/data/label_rules.h"
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
    throw error_at(
        {bad.line, bad.column, bad.message, bad.remedy + " --skip-bad leaves such rows out."});
  }
  if (++report_.bad_rows <= kMaxBadRowsNamed) {
    report_.first_bad.push_back(fmt::format("{}:{}: {}", lines_.name(), bad.line, bad.message));
  }
}

Columns ReadContext::columns_of_header(const std::vector<std::string>& names, std::size_t line) {
  const Columns columns = choose_at(*this, line, [&] { return columns_by_name(names, options_); });
  report_.text_column = names[columns.text];
  report_.label_column = names[columns.label];
  if (columns.pair) report_.pair_column = names[*columns.pair];
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != columns.text && i != columns.label && i != columns.pair)
      report_.other_columns.push_back(names[i]);
  }
  report_.has_header = true;
  return columns;
}

Columns ReadContext::columns_of_row(std::size_t count, std::size_t line) {
  const Columns columns =
      choose_at(*this, line, [&] { return columns_by_position(count, options_); });
  report_.text_column = std::to_string(columns.text + 1);
  report_.label_column = std::to_string(columns.label + 1);
  if (columns.pair) report_.pair_column = std::to_string(*columns.pair + 1);
  report_.columns_assumed = columns.assumed;
  return columns;
}

void ReadContext::begin_example(std::size_t line) {
  example_.line = line;
  example_.labels.clear();
}

void ReadContext::add_label(std::string_view label) {
  const std::string_view name = trim(label);
  if (const auto fault = label_fault(name)) {
    throw BadRow{example_.line, 1, std::string(fault->what), std::string(fault->remedy)};
  }
  if (std::ranges::find(example_.labels, name) == example_.labels.end()) {
    example_.labels.emplace_back(name);
  }
}

void ReadContext::add_labels(std::string_view field) {
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

void ReadContext::finish_example(std::string_view text, std::optional<std::string_view> pair) {
  example_.text.assign(text);
  example_.pair = pair;
  ++report_.examples;
  const bool valid = utf8::is_valid(text) && (!pair || utf8::is_valid(*pair));
  if (!valid && ++report_.broken_texts == 1) report_.first_broken = example_.line;
  take_(example_);
}

}  // namespace weft
