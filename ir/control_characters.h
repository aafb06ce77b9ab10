// Characters that have no place in a name: they end a line, steer a terminal or turn the direction
// in which others are shown.
#pragma once

#include <cstddef>
#include <string_view>

namespace weft {

// True if UTF-8 holds U+0000 to U+001F, U+007F to U+009F, U+202A to U+202E or U+2066 to U+2069.
inline bool holds_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](std::size_t k) {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0x20U;
    };
    const auto within = [&](std::size_t k, unsigned low, unsigned high) {
      return byte(k) >= low && byte(k) <= high;
    };
    if (byte(0) < 0x20 || byte(0) == 0x7F) return true;
    if (byte(0) == 0xC2 && within(1, 0x80, 0x9F)) return true;
    if (byte(0) == 0xE2 && byte(1) == 0x80 && within(2, 0xAA, 0xAE)) return true;
    if (byte(0) == 0xE2 && byte(1) == 0x81 && within(2, 0xA6, 0xA9)) return true;
  }
  return false;
}

}  // namespace weft
