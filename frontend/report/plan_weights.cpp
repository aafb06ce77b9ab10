// Finds weights by name, and trusts none.
#include "frontend/report/plan_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>
#include <string>

#include "ir/diagnostic.h"
#include "ir/ops/nn/label_tree.h"
#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"

namespace weft {

std::span<const float> floats(const PlanTensor& tensor) {
  return {reinterpret_cast<const float*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(float)};
}

namespace {

// True if a tensor is a table of words as `type` says, but for the number of rows, and has one for
// each id.
bool fits_table(const TensorType& tensor, const TensorType& type,
                std::span<const std::int32_t> ids) {
  if (tensor.dtype != type.dtype || tensor.shape.empty()) return false;
  const Shape &all = tensor.shape, &wanted = type.shape;
  return std::equal(all.begin() + 1, all.end(), wanted.begin() + 1, wanted.end()) &&
         std::ranges::all_of(ids, [&](std::int32_t id) { return id < all[0].value; });
}

double number_at(const PlanTensor& tensor, std::size_t i) {
  const auto number = [&]<class T>(T type) -> double {
    std::memcpy(&type, tensor.bytes.data() + i * sizeof type, sizeof type);
    return static_cast<double>(type);
  };
  switch (tensor.type.dtype) {
    case DType::f32:
      return number(float{});
    case DType::i32:
      return number(std::int32_t{});
    case DType::i16:
      return number(std::int16_t{});
    case DType::i8:
      return number(std::int8_t{});
  }
  return 0;
}

}  // namespace

const PlanTensor& checked_weights(const Plan& plan, const Value& value, bool table,
                                  std::span<const std::int32_t> ids) {
  const PlanTensor* tensor = plan.tensor(value.name);
  if (tensor == nullptr) {
    throw Error(fmt::format("the plan does not hold the weights %{}", value.name),
                "it was made with --fold or --deploy: use the plan that it was made from");
  }
  if (table ? fits_table(tensor->type, value.type, ids) : tensor->type == value.type) {
    return *tensor;
  }
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
  if (!table) {
    for (std::size_t i = 0; i < copy.data.size(); ++i) copy.data[i] = number_at(tensor, i);
    return copy;
  }
  const std::size_t width = copy.data.size() / static_cast<std::size_t>(copy.shape[0]);
  auto to = copy.data.begin();
  for (const std::int32_t id : ids) {
    for (std::size_t i = 0; i < width; ++i) {
      *to++ = number_at(tensor, static_cast<std::size_t>(id) * width + i);
    }
  }
  return copy;
}

Bindings bindings_of_text(const Graph& graph, const Plan& plan, std::span<const std::int32_t> ids) {
  std::set<std::string, std::less<>> tables;
  const auto add = [&](ValueId id) {
    if (id != kNoValue) tables.insert(graph[id].name);
  };
  for (const Node& node : graph.nodes) {
    if (node.op == &ops::embedding || node.op == &ops::quantized_embedding) add(node.inputs[1]);
    if (node.op == &ops::quantized_embedding) add(node.inputs[3]);  // norms
    if (node.op == &ops::term_weights) add(node.inputs[2]);
  }
  Bindings given;
  for (const Value& value : graph.values) {
    if (value.role != Role::param && value.role != Role::state) continue;
    const bool table = tables.contains(value.name);
    given[value.name] = weights_of(plan, value, table, ids);
  }
  const auto count = static_cast<std::int64_t>(ids.size());
  Tensor numbers({count});
  std::map<std::int32_t, double> first;  // a word that comes again has one row
  for (std::size_t i = 0; i < ids.size(); ++i) {
    numbers.data[i] = first.try_emplace(ids[i], static_cast<double>(i)).first->second;
  }
  given[std::string(programs::kIds)] = std::move(numbers);
  Tensor offsets({2});
  offsets.data = {0.0, static_cast<double>(count)};
  given[std::string(programs::kOffsets)] = std::move(offsets);
  if (has_input(graph, programs::kWindows)) {
    Tensor one({2});
    one.data = {0.0, 1.0};
    given[std::string(programs::kWindows)] = std::move(one);
  }
  return given;
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
