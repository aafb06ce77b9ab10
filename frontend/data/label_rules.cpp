// The rules of labels, each with what to do about it.
#include "frontend/data/label_rules.h"

#include <fmt/format.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "ir/control_characters.h"
#include "runtime/text/normalize.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

// Tags (U+E0000 and on) are part of the emoji that they end.
bool is_unseen(char32_t scalar) {
  const auto c = static_cast<UChar32>(scalar);
  return u_isUWhiteSpace(c) != 0 || (u_charType(c) == U_FORMAT_CHAR && scalar < 0xE0000);
}

bool is_ascii_edge(char c) { return static_cast<unsigned char>(c) < 0x80; }

std::string number_key(std::string_view label) {
  double number = 0;
  const char* const end = label.data() + label.size();
  const auto [at, error] = std::from_chars(label.data(), end, number);
  if (label.empty() || at != end || error != std::errc{}) return {};
  return fmt::format("{}", number == 0 ? 0.0 : number);
}

std::string key_of(std::string_view label) {
  if (std::string number = number_key(label); !number.empty()) return number;
  std::string normal, key;
  append_normalized(label, {.lowercase = true, .nfkc = true}, normal);
  bool space = false;
  for (std::size_t at = 0; at < normal.size();) {
    const char32_t scalar = utf8::next(normal, at);
    if (u_isUWhiteSpace(static_cast<UChar32>(scalar)) != 0) {
      space = true;
    } else if (!is_unseen(scalar)) {
      if (space) key += ' ';
      space = false;
      utf8::append(static_cast<char32_t>(u_foldCase(static_cast<UChar32>(scalar), 0)), key);
    }
  }
  return key;
}

}  // namespace

std::string_view trimmed_label(std::string_view label) {
  while (!label.empty()) {
    std::size_t position = 0;
    if (is_ascii_edge(label.front()) && !utf8::is_ascii_space(label.front())) break;
    if (!is_unseen(utf8::next(label, position))) break;
    label.remove_prefix(position);
  }
  while (!label.empty()) {
    if (is_ascii_edge(label.back()) && !utf8::is_ascii_space(label.back())) break;
    std::size_t position = utf8::before(label, label.size());
    const std::size_t begin = position;
    if (!is_unseen(utf8::next(label, position))) break;
    label = label.substr(0, begin);
  }
  return label;
}

std::optional<LabelFault> label_fault(std::string_view label) {
  if (trimmed_label(label).empty()) {
    return LabelFault{"the label is empty", "Give the row a label, or leave the row out."};
  }
  if (!utf8::is_valid(label)) {
    return LabelFault{"the label is not UTF-8",
                      "Give --encoding, or convert the file: iconv -f ENCODING -t UTF-8."};
  }
  if (holds_control_character(label)) {
    return LabelFault{"the label holds a line break or another control character",
                      "Labels are one line; are the text and the label columns swapped?"};
  }
  return std::nullopt;
}

std::vector<std::vector<std::string>> labels_alike(std::span<const std::string> labels) {
  std::vector<std::vector<std::string>> groups;
  std::map<std::string, std::size_t> group_of;
  for (const std::string& label : labels) {
    const auto [entry, added] = group_of.try_emplace(key_of(label), groups.size());
    if (added) groups.emplace_back();
    groups[entry->second].push_back(label);
  }
  std::erase_if(groups, [](const auto& group) { return group.size() < 2; });
  return groups;
}

std::string spelled_out(std::string_view label) {
  std::string text = fmt::format("`{}`", label);
  if (utf8::find_non_ascii(label, 0) == label.size()) return text;
  const char* before = " (";
  for (std::size_t at = 0; at < label.size();) {
    text += fmt::format("{}U+{:04X}", before, static_cast<std::uint32_t>(utf8::next(label, at)));
    before = " ";
  }
  return text + ")";
}

}  // namespace weft
