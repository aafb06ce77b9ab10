// The table of data formats, made from the list.
#include "frontend/data/data_format.h"

#include <algorithm>
#include <array>

#include "runtime/text/normalize.h"

namespace weft {

std::span<const DataFormat* const> all_data_formats() {
  static const std::array table = {
#define WEFT_DATA_FORMAT(name) &formats::name,
#include "frontend/data/formats.def"
  };
  return table;
}

namespace {

template <typename Condition>
const DataFormat* find_format(const Condition& condition) {
  const auto table = all_data_formats();
  const auto found = std::ranges::find_if(table, condition);
  return found == table.end() ? nullptr : *found;
}

}  // namespace

const DataFormat* find_data_format(std::string_view name) {
  return find_format([&](const DataFormat* format) { return format->name == name; });
}

const DataFormat* format_by_extension(std::string_view path) {
  std::string name(path);
  lowercase_ascii(name.data(), name.data() + name.size());
  for (const std::string_view packed : kPackedExtensions) {
    if (name.ends_with(packed)) name.resize(name.size() - packed.size());
  }
  return find_format([&](const DataFormat* format) {
    return std::ranges::any_of(format->extensions,
                               [&](std::string_view ending) { return name.ends_with(ending); });
  });
}

const DataFormat* format_by_content(std::string_view line) {
  return find_format([&](const DataFormat* format) {
    return format->recognizes != nullptr && format->recognizes(line);
  });
}

std::string data_format_names() {
  const auto table = all_data_formats();
  std::string names;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (i > 0) names += i + 1 == table.size() ? " or " : ", ";
    names += table[i]->name;
  }
  return names;
}

}  // namespace weft
