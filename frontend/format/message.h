// Messages and progress for a person, on standard error as a rule. Writing one never ends the work:
// what cannot be written (to a full disk, a closed terminal, a reader that has gone away) is lost.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace weft {

void print_message(std::FILE* out, std::string_view text);  // at once: nothing stays in a buffer

template <typename... Args>
void print_message(std::FILE* out, fmt::format_string<Args...> format, Args&&... args) {
  print_message(out, std::string_view(fmt::format(format, std::forward<Args>(args)...)));
}

// For the start of a program, before it opens a file: a standard stream that was closed would give
// its number to the next file, and messages would be written into that. After it, messages to a
// closed standard error are lost; to read from or write to the other two is an error, as it was.
void hold_standard_streams();

}  // namespace weft
