// Text from files for a terminal, which it must not be able to rewrite.
#pragma once

#include <string>
#include <string_view>

namespace weft {

// With control characters and the marks that turn the direction of writing as escapes, and likewise
// bytes that are not UTF-8: \x1B, \u202E, \xFF. Line breaks and tabs stay.
std::string escape_controls(std::string_view text);

}  // namespace weft
