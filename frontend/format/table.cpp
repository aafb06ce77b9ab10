// Widths by Unicode's East Asian Width and general category, from ICU.
#include "frontend/format/table.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <cstdint>

#include "runtime/text/utf8.h"

namespace weft {
namespace {

std::size_t scalar_width(char32_t scalar) {
  if (scalar < 0x7F) return scalar < 0x20 ? 0 : 1;
  const auto point = static_cast<UChar32>(scalar);
  constexpr std::uint32_t kNoWidth = U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CF_MASK | U_GC_CC_MASK;
  if ((U_GET_GC_MASK(point) & kNoWidth) != 0) return 0;
  const int width = u_getIntPropertyValue(point, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t position = 0; position < text.size();) {
    width += scalar_width(utf8::next(text, position));
  }
  return width;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::size_t used = 1;  // the ellipsis
  std::size_t end = 0;
  for (std::size_t position = 0; position < text.size();) {
    used += scalar_width(utf8::next(text, position));
    if (used > width) break;
    end = position;
  }
  return std::string(text.substr(0, end)) + "\u2026";
}

std::string TextTable::str(std::string_view indent) const {
  constexpr std::string_view kGap = "  ";
  std::vector<std::size_t> widths;
  for (const std::vector<Cell>& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i].text));
    }
  }
  std::string out;
  for (const std::vector<Cell>& row : rows_) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - display_width(row[i].text), ' ');
      if (i > 0) line += kGap;
      line += row[i].style;
      line += i == 0 ? row[i].text + padding : padding + row[i].text;
      if (!row[i].style.empty()) line += "\x1B[0m";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace weft
