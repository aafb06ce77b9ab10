// The text of a difference.
#include "frontend/graph_tests/tensor_difference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "frontend/graph_tests/json_tensor.h"

namespace weft {

std::string element_name(std::string_view name, const Extents& shape, std::size_t element) {
  Extents place(shape.size());
  for (std::size_t axis = place.size(); axis-- > 0;) {
    const auto extent = static_cast<std::size_t>(shape[axis]);
    place[axis] = static_cast<std::int64_t>(element % extent);
    element /= extent;
  }
  return fmt::format("%{}[{}]", name, fmt::join(place, ", "));
}

std::string difference_text(std::string_view name, const Tensor& found, const Tensor& expected,
                            double tolerance) {
  bool same_shape =
      found.shape.size() == expected.shape.size() && found.data.size() == expected.data.size();
  for (std::size_t i = 0; same_shape && i < expected.shape.size(); ++i) {
    same_shape = expected.shape[i] == kUnknownExtent || expected.shape[i] == found.shape[i];
  }
  if (!same_shape) {
    return fmt::format("%{} is of [{}], expected [{}]", name, fmt::join(found.shape, ", "),
                       fmt::join(expected.shape, ", "));
  }
  const TensorDifference difference =
      tensor_difference(found, expected, tolerance,
                        [](double x, double y) { return std::abs(x - y) / (1.0 + std::abs(y)); });
  if (difference.count == 0) return {};
  return fmt::format("{} is {:.9g}, expected {:.9g}; {} of {} numbers differ by more than {}",
                     element_name(name, found.shape, difference.worst),
                     found.data[difference.worst], expected.data[difference.worst],
                     difference.count, found.data.size(), tolerance);
}

}  // namespace weft
