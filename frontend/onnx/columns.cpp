// Counts through the factors of an axis, the last fastest.
#include "frontend/onnx/columns.h"

#include "frontend/onnx/importer.h"

namespace weft::onnx {

std::optional<std::vector<std::size_t>> columns_of(const Axis& axis) {
  std::vector<std::size_t> columns = {0};
  for (const Factor& factor : axis) {
    if (factor.size == Number(1)) continue;
    if (factor.kind != Factor::Kind::feature || !factor.size.is_known()) return std::nullopt;
    std::vector<std::size_t> next;
    for (const std::size_t column : columns) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(factor.size.plus); ++i) {
        next.push_back(column + i * static_cast<std::size_t>(factor.stride));
      }
    }
    columns = std::move(next);
  }
  return columns;
}

std::vector<std::size_t> all_columns(const View& view, std::size_t axis, std::int64_t columns) {
  const auto order = columns_of(view[axis]);
  if (!order || static_cast<std::int64_t>(order->size()) != columns) {
    refuse("dimension {} of {} is not the features, {} of them", axis, to_string(view), columns);
  }
  return *order;
}

}  // namespace weft::onnx
