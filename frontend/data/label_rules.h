// The rules that every label obeys, in files and in memory.
#pragma once

#include <optional>
#include <string_view>

namespace weft {

struct LabelFault {
  std::string_view what, remedy;
};

// None for a label that is some UTF-8 without control characters, and not white space only.
std::optional<LabelFault> label_fault(std::string_view label);

}  // namespace weft
