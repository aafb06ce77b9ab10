// Tensors as nested lists of JSON.
#pragma once

#include <string>
#include <string_view>

#include "ir/interpret.h"

namespace weft {

std::string json_string(std::string_view text);  // quoted and escaped
// On one line, row-major. A number as its type holds it, in the fewest digits; null: not finite.
std::string json_of(const Tensor&, DType);

}  // namespace weft
