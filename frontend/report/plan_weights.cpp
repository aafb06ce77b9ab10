// Finds weights by name, and trusts none.
#include "frontend/report/plan_weights.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/diagnostic.h"
#include "ir/ops/nn/label_tree.h"

namespace weft {

std::span<const float> floats(const PlanTensor& tensor) {
  return {reinterpret_cast<const float*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(float)};
}

const PlanTensor& checked_weights(const Plan& plan, const Value& value, bool table,
                                  std::span<const std::int32_t> ids) {
  const PlanTensor* tensor = plan.tensor(value.name);
  if (tensor == nullptr) {
    throw Error(fmt::format("the plan does not hold the weights %{}", value.name),
                "it was made with --fold: use the plan that it was made from");
  }
  bool fits = tensor->type == value.type;
  if (table) {
    const Shape& shape = tensor->type.shape;
    fits = tensor->type.dtype == DType::f32 && shape.size() == 2 &&
           shape[1] == value.type.shape[1] &&
           std::ranges::all_of(ids, [&](std::int32_t id) { return id < shape[0].value; });
  }
  const DType dtype = value.type.dtype;  // i32: a tree of labels
  if (fits && (dtype == DType::f32 || dtype == DType::i32)) return *tensor;
  throw Error(fmt::format("the weights %{} are {}, but the plan's description says {}", value.name,
                          to_string(tensor->type), to_string(value.type)),
              "the plan is inconsistent: compile it again");
}

Tensor weights_of(const Plan& plan, const Value& value, bool table,
                  std::span<const std::int32_t> ids) {
  const PlanTensor& tensor = checked_weights(plan, value, table, ids);
  Extents shape;
  for (const Dim& dim : value.type.shape) shape.push_back(dim.value);
  Tensor copy(shape);
  const std::size_t count = tensor.bytes.size() / sizeof(float);
  if (value.type.dtype == DType::i32) {
    const auto* numbers = reinterpret_cast<const std::int32_t*>(tensor.bytes.data());
    std::copy_n(numbers, count, copy.data.begin());
    return copy;
  }
  const std::span numbers(reinterpret_cast<const float*>(tensor.bytes.data()), count);
  if (!table) {
    std::ranges::copy(numbers, copy.data.begin());
    return copy;
  }
  const auto width = static_cast<std::size_t>(copy.columns());
  auto to = copy.data.begin();
  for (const std::int32_t id : ids) {
    to = std::ranges::copy(numbers.subspan(static_cast<std::size_t>(id) * width, width), to).out;
  }
  return copy;
}

std::vector<double> decision_weights(const Tensor& tree, const Tensor& rows, std::size_t label) {
  const LabelTree shape = LabelTree::of_size(tree.size());
  const auto width = static_cast<std::size_t>(rows.columns());
  std::vector<double> sum(width);
  auto entry = static_cast<std::int64_t>(label);
  for (std::int64_t node = -1; node != shape.root(); entry = shape.labels + node) {
    const auto slot = static_cast<std::int64_t>(tree.data[static_cast<std::size_t>(entry)]);
    node = slot / 2;
    for (std::size_t c = 0; c < width; ++c) {
      const double weight = rows.data[static_cast<std::size_t>(node) * width + c];
      sum[c] += slot % 2 == 1 ? weight : -weight;
    }
  }
  return sum;
}

}  // namespace weft
