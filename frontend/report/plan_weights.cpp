// Finds weights by name, and trusts none.
#include "frontend/report/plan_weights.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/diagnostic.h"

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
  if (fits && value.type.dtype == DType::f32) return *tensor;
  throw Error(fmt::format("the weights %{} are {}, but the plan's description says {}", value.name,
                          to_string(tensor->type), to_string(value.type)),
              "the plan is inconsistent: compile it again");
}

}  // namespace weft
