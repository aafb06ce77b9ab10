// Text as a word of a shell's command line.
#pragma once

#include <string>
#include <string_view>

namespace weft {

// Between single quotes, in which a shell takes every other character as it is.
std::string shell_quoted(std::string_view text);

}  // namespace weft
