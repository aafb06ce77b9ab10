// Names and sizes of types.
#include "ir/type.h"

#include <fmt/format.h>

namespace weft {

std::int64_t size_of(DType) { return 4; }  // f32 and i32 alike

std::string to_string(DType dtype) { return dtype == DType::f32 ? "f32" : "i32"; }

std::string to_string(const Dim& dim) {
  if (dim.is_static()) return std::to_string(dim.value);
  return dim.value == 0 ? dim.symbol : fmt::format("{}{:+}", dim.symbol, dim.value);
}

std::string to_string(const TensorType& type) {
  std::string text = to_string(type.dtype) + '[';
  for (std::size_t i = 0; i < type.shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += to_string(type.shape[i]);
  }
  if (!type.partitions.empty()) text += " -> " + type.partitions;
  return text + ']';
}

}  // namespace weft
