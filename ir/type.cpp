// Names and sizes of types.
#include "ir/type.h"

#include <fmt/format.h>

#include <array>

namespace weft {

namespace {

struct Element {
  std::string_view name;
  std::int64_t size;
};
constexpr std::array<Element, 4> kElements{{{"f32", 4}, {"i32", 4}, {"i16", 2}, {"i8", 1}}};

const Element& element(DType dtype) { return kElements.at(static_cast<std::size_t>(dtype)); }

}  // namespace

std::int64_t size_of(DType dtype) { return element(dtype).size; }

std::string to_string(DType dtype) { return std::string(element(dtype).name); }

std::optional<DType> find_dtype(std::string_view name) {
  for (std::size_t i = 0; i < kElements.size(); ++i) {
    if (kElements[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

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
  if (!type.ragged_dim.empty()) text += " -> " + type.ragged_dim;
  return text + ']';
}

}  // namespace weft
