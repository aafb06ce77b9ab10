// Writes messages and forgets failures.
#include "frontend/format/message.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace weft {

void print_message(std::FILE* out, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), out);
  std::fflush(out);
  std::clearerr(out);
}

void hold_standard_streams() {
  // Opened for the wrong direction, except standard error.
  constexpr std::array kModes{O_WRONLY, O_RDONLY, O_WRONLY};
  for (int stream = 0; stream < static_cast<int>(kModes.size()); ++stream) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest number that is free is this one.
    if (::open("/dev/null", kModes[static_cast<std::size_t>(stream)]) < 0) return;
  }
}

}  // namespace weft
