// Copies what is harmless, and escapes the rest.
#include "frontend/format/escape_controls.h"

#include <fmt/format.h>

#include "ir/control_characters.h"
#include "runtime/text/utf8.h"

namespace weft {
std::string escape_controls(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t scalar = utf8::next(text, at);
    const std::string_view bytes = text.substr(begin, at - begin);
    if (scalar == utf8::kReplacement && bytes != "\xEF\xBF\xBD") {
      for (const char c : bytes) out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    } else if (bytes != "\n" && bytes != "\t" && holds_control_character(bytes)) {
      const auto code = static_cast<std::uint32_t>(scalar);
      out += code < 0x80 ? fmt::format("\\x{:02X}", code) : fmt::format("\\u{:04X}", code);
    } else {
      out += bytes;
    }
  }
  return out;
}

}  // namespace weft
