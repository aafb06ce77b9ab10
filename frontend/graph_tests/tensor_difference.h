// Where two tensors differ most, and how that is told.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include "ir/op.h"

namespace weft {

struct TensorDifference {
  std::size_t count = 0;  // elements that are off by more than the limit
  std::size_t worst = 0;  // of these the one that is off most
  double most = 0;        // by so much
};

// `off(found, expected)` measures two numbers that are not equal; NaN: beyond all limits. The
// tensors have as many elements.
template <typename Off>
TensorDifference tensor_difference(const Tensor& found, const Tensor& expected, double limit,
                                   Off off) {
  TensorDifference difference;
  difference.most = -1;
  for (std::size_t i = 0; i < found.data.size(); ++i) {
    const double x = found.data[i], y = expected.data[i];
    if ((std::isnan(x) && std::isnan(y)) || x == y) continue;
    const double apart = off(x, y);
    if (apart <= limit) continue;
    ++difference.count;
    if (apart > difference.most || std::isnan(apart)) {
      difference.most = apart;
      difference.worst = i;
    }
  }
  return difference;
}

// "%y[0, 2]": an element of a tensor by its row-major index.
std::string element_name(std::string_view name, const Extents& shape, std::size_t element);

// Names the number that differs most, and how many differ; empty: none does. A number x may be off
// by tolerance * (1 + |x|). `expected` may have kUnknownExtent in its shape.
std::string difference_text(std::string_view name, const Tensor& found, const Tensor& expected,
                            double tolerance);

}  // namespace weft
