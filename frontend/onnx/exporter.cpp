// Names, constants and weights of an exported model; the rules of ops write its nodes.
#include "frontend/onnx/exporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "frontend/train/plan_forms.h"
#include "frontend/train/plan_settings.h"
#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"
#include "passes/passes.h"

namespace weft::onnx {
namespace {

constexpr std::int64_t kOpset = 17;
constexpr std::size_t kMostBytes = (std::size_t{1} << 31U) - 1;  // of a message of protobuf

Port ids_port(std::string_view name) {
  return {std::string(name),
          static_cast<std::int64_t>(ElementType::i64),
          true,
          {Dim("batch"), Dim("length")}};
}

template <class T>
std::string bytes_of(std::span<T> numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()};
}

// The part of the plan's graph that predicts, before any rewrite, for its tables as they are.
Graph forward_graph(const Plan& plan) {
  const Lowered lowered = lower_again(plan);
  PassContext context;
  const GraphSizes sizes{table_rows(plan), 16, 4096, 16};
  return dce(simplify(infer_only(sized(lowered.graph, sizes), context), context), context);
}

}  // namespace

Attribute attribute(std::int64_t value) {
  Attribute made;
  made.integer = value;
  return made;
}
Attribute attribute(std::vector<std::int64_t> values) {
  Attribute made;
  made.integers = std::move(values);
  return made;
}
Attribute attribute_of_real(float value) {
  Attribute made;
  made.real = value;
  return made;
}

std::string Exporter::fresh(std::string_view hint) { return fmt::format("{}_{}", hint, ++count_); }

std::span<const float> Exporter::values(ValueId id) const {
  const PlanTensor* const tensor = plan_.tensor(graph_[id].name);
  if (tensor == nullptr || tensor->type != graph_[id].type) {
    throw Error(fmt::format("the plan does not hold the weights %{}", graph_[id].name),
                "it was made with --fold or --deploy: use the plan that it was made from");
  }
  return {reinterpret_cast<const float*>(tensor->bytes.data()),
          tensor->bytes.size() / sizeof(float)};
}

void Exporter::add_weight(ValueId id) {
  if (!graph_[id].persists() || model_.weights.contains(graph_[id].name)) return;
  Tensor tensor;
  tensor.name = graph_[id].name;
  tensor.type = static_cast<std::int64_t>(ElementType::f32);
  for (const Dim& dim : graph_[id].type.shape) tensor.shape.push_back(dim.value);
  const std::span<const float> numbers = values(id);
  tensor.raw = {reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()};
  model_.weights.emplace(tensor.name, tensor);
}

std::string Exporter::add(std::string op, std::vector<std::string> inputs,
                          std::map<std::string, Attribute, std::less<>> attributes) {
  std::string output = next_.empty() ? fresh(op) : next_;
  next_.clear();
  append(std::move(op), std::move(inputs), {output}, std::move(attributes));
  return output;
}

std::vector<std::string> Exporter::add_outputs(std::size_t count, std::string op,
                                               std::vector<std::string> inputs) {
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < count; ++i) outputs.push_back(fresh(op));
  append(std::move(op), std::move(inputs), outputs, {});
  return outputs;
}

void Exporter::append(std::string op, std::vector<std::string> inputs,
                      std::vector<std::string> outputs,
                      std::map<std::string, Attribute, std::less<>> attributes) {
  for (const std::string& input : inputs) {
    if (const auto id = graph_.find(input)) add_weight(*id);
  }
  std::string name = outputs.front();
  model_.nodes.push_back({std::move(op), std::move(name), std::move(inputs), std::move(outputs),
                          std::move(attributes)});
}

void Exporter::set(const weft::Node& node, std::string op, std::vector<std::string> inputs,
                   std::map<std::string, Attribute, std::less<>> attributes) {
  next_ = graph_[node.outputs[0]].name;
  add(std::move(op), std::move(inputs), std::move(attributes));
}

std::string Exporter::constant(std::string_view hint, ElementType type, Extents shape,
                               std::string bytes) {
  Tensor tensor;
  tensor.name = fresh(hint);
  tensor.type = static_cast<std::int64_t>(type);
  tensor.shape = std::move(shape);
  tensor.raw = bytes_.emplace_back(std::move(bytes));
  std::string name = tensor.name;
  model_.weights.emplace(name, std::move(tensor));
  return name;
}

std::string Exporter::floats(std::string_view hint, Extents shape, std::span<const float> numbers) {
  return constant(hint, ElementType::f32, std::move(shape), bytes_of(numbers));
}

std::string Exporter::scalar(float number) {
  std::string& name = constants_[fmt::format("f{}", number)];
  if (name.empty()) name = floats("number", {}, {&number, 1});
  return name;
}

std::string Exporter::integers(const std::vector<std::int64_t>& numbers) {
  std::string& name = constants_[fmt::format("i{}", fmt::join(numbers, ","))];
  if (name.empty()) {
    name = constant("integers", ElementType::i64, {std::ssize(numbers)},
                    bytes_of(std::span<const std::int64_t>(numbers)));
  }
  return name;
}

std::string Exporter::integer(std::int64_t number) {
  std::string& name = constants_[fmt::format("s{}", number)];
  if (name.empty()) {
    name = constant("integer", ElementType::i64, {}, bytes_of(std::span(&number, 1)));
  }
  return name;
}

std::string Exporter::length_last(const std::string& rows) {
  return add("Transpose", {rows}, {{"perm", attribute({0, 2, 1})}});
}

std::string Exporter::length_of(const std::string& rows) {
  return add("Shape", {rows}, {{"start", attribute(1)}, {"end", attribute(2)}});
}

Model Exporter::run(ValueId output) {
  std::set<std::string_view> missing;
  for (const weft::Node& node : graph_.nodes) {
    if (find_export_rule(*node.op) == nullptr) missing.insert(node.op->name);
  }
  if (!missing.empty()) {
    throw Error(
        fmt::format("the plan needs ops that weft does not export: {}", fmt::join(missing, ", ")),
        "bags of words, convolutional models and encoders can be exported");
  }
  model_.opset = kOpset;
  model_.producer = "weft";
  model_.metadata["labels"] = fmt::format("{}", fmt::join(plan_.labels, "\n"));
  model_.inputs.push_back(ids_port(programs::kIds));
  if (has_input(graph_, programs::kTypes)) model_.inputs.push_back(ids_port(programs::kTypes));
  for (const weft::Node& node : graph_.nodes) {
    if (graph_[node.outputs[0]].type.shape.empty()) continue;
    find_export_rule(*node.op)->write(*this, node);
    if (node.outputs[0] == output) break;  // probabilities are weft's own
  }
  const std::string logits(programs::kLogits);
  if (name(output) != logits) {
    model_.nodes.push_back({"Identity", logits, {name(output)}, {logits}, {}});
  }
  model_.outputs.push_back({logits,
                            static_cast<std::int64_t>(ElementType::f32),
                            true,
                            {Dim("batch"), graph_[output].type.shape.back()}});
  return std::move(model_);
}

std::string export_onnx(const Plan& plan) {
  const Graph graph = forward_graph(plan);
  Exporter exporter(graph, plan);
  std::string bytes = encode_model(exporter.run(*graph.find(programs::kLogits)));
  if (bytes.size() > kMostBytes) {
    throw Error(
        fmt::format("the model takes {} bytes; an ONNX file holds {}", bytes.size(), kMostBytes),
        "export a smaller model");
  }
  return bytes;
}

}  // namespace weft::onnx
