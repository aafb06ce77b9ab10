// The difference of two texts, line by line.
#pragma once

#include <string>
#include <string_view>

namespace weft {

// Hunks with three lines around them: `-` what was expected, `+` what was found, a line `@@ 12 @@`
// with the first line's number in `expected` before each. Empty where the texts are equal.
// `colour`: with the escapes of a terminal.
std::string line_diff(std::string_view expected, std::string_view found, bool colour);

}  // namespace weft
