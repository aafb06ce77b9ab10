// A single quote ends the quotes, stands for itself behind a backslash, and begins them again.
#include "frontend/format/shell_quote.h"

namespace weft {

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace weft
