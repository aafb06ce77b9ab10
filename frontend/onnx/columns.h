// Finds the columns of rows that an axis runs through: weights are put in their order.
#pragma once

#include <optional>
#include <vector>

#include "frontend/onnx/view.h"

namespace weft::onnx {

// By place along an axis of columns, the column; none if the axis holds something else. An axis of
// size 1 is column 0.
std::optional<std::vector<std::size_t>> columns_of(const Axis&);

// The same of an axis that runs through all columns of the rows; refused if it does not.
std::vector<std::size_t> all_columns(const View&, std::size_t axis, std::int64_t columns);

}  // namespace weft::onnx
