// Tensors as nested lists of JSON.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "ir/interpret.h"

namespace weft {

// "[json.exception.parse_error.101] parse error at …" without what is in brackets.
std::string json_problem(std::string_view what);
// Error for text whose lists and objects are more than 100 deep: no tensor is, and to write JSON
// takes a stack as deep.
void check_depth(std::string_view json);
std::string json_string(std::string_view text);  // quoted and escaped
// On one line, row-major. A number as its type holds it, in the fewest digits; null: not finite.
std::string json_of(const Tensor&, DType);

// An extent that no list shows: inside an empty list.
inline constexpr std::int64_t kUnknownExtent = -1;

// The numbers of nested lists as a type holds them; symbols take their extents from the lists.
// Error, naming the value, for another nesting, lists of other lengths, numbers out of range.
Tensor tensor_from_json(const nlohmann::json& lists, std::string_view name, const TensorType&);
Tensor tensor_from_json(std::string_view json, std::string_view name, const TensorType&);

}  // namespace weft
