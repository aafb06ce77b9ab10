// Either engine's numbers as tensors of doubles.
#include "frontend/graph_tests/run_graph.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "frontend/graph_tests/bound_program.h"
#include "frontend/graph_tests/json_tensor.h"
#include "ir/verify.h"
#include "passes/pass.h"

namespace weft {
namespace {

// Kernels trust indices that only a pooling or a window makes; the reference checks all.
bool has_trusted_indices(const Graph& graph) {
  std::size_t offsets = 0, indices = 0;
  for (const Value& value : graph.values) {
    if (value.role == Role::computed || value.type.dtype != DType::i32) continue;
    offsets += value.type.ragged_dim.empty() ? 0 : 1;
    indices += value.type.shape.size() > 1 ? 1 : 0;
  }
  return offsets > 1 || indices > 0;
}

Outcome by_reference(const Graph& graph, const Bindings& given) {
  Interpretation done = interpret(graph, given);
  Outcome outcome;
  for (std::size_t i = 0; i < graph.results.size(); ++i) {
    const Value& value = graph[graph.results[i]];
    outcome.results.push_back({value.name, value.type, std::move(done.results[i])});
  }
  for (const Write& write : graph.writes) {
    const Value& value = graph[write.target];
    outcome.writes.push_back({value.name, value.type, std::move(done.writes.at(value.name))});
  }
  return outcome;
}

Outcome by_kernels(Graph graph, const Bindings& given) {
  if (!is_planned(graph)) {
    PassContext context;
    graph = run_passes(std::move(graph), parse_passes("plan-memory"), context);
  }
  if (has_trusted_indices(graph)) interpret(graph, given);
  BoundProgram program(std::move(graph), given, /*threads=*/1);
  program.run(given);
  const Graph& planned = program.graph();
  Outcome outcome;
  for (std::size_t i = 0; i < planned.results.size(); ++i) {
    const Value& value = planned[planned.results[i]];
    const TensorView view = program.result(i);
    outcome.results.push_back(
        {value.name, value.type, tensor_of(view.data, view.dtype, view.shape)});
  }
  for (const Write& write : planned.writes) {
    const Value& value = planned[write.target];
    outcome.writes.push_back({value.name, value.type, program.tensor(value.name)});
  }
  return outcome;
}

// At most this many are shown: numbers of a row, rows of a tensor.
constexpr std::int64_t kNumbers = 8, kRows = 10;

std::string numbers_text(const Tensor& tensor, std::int64_t row, bool whole) {
  std::string text;
  const std::int64_t columns = tensor.columns();
  for (std::int64_t c = 0; c < std::min(columns, kNumbers); ++c) {
    const double number = tensor.data[static_cast<std::size_t>(row * columns + c)];
    text += fmt::format("{}{}", c == 0 ? "" : ", ",
                        whole ? fmt::format("{:.0f}", number) : fmt::format("{:.7g}", number));
  }
  if (columns > kNumbers) text += fmt::format(", … {} more", columns - kNumbers);
  return text;
}

std::string tensor_text(std::string_view mark, const NamedTensor& named) {
  const Tensor& tensor = named.tensor;
  const bool whole = named.type.dtype != DType::f32;
  std::string text = fmt::format("{}%{} : {}[{}]", mark, named.name, to_string(named.type.dtype),
                                 fmt::join(tensor.shape, ", "));
  if (tensor.data.empty()) return text + " is empty\n";
  if (tensor.shape.empty()) return text + " = " + numbers_text(tensor, 0, whole) + "\n";
  if (tensor.rows() == 1) return text + " = [" + numbers_text(tensor, 0, whole) + "]\n";
  text += '\n';
  for (std::int64_t row = 0; row < std::min(tensor.rows(), kRows); ++row) {
    text += "  [" + numbers_text(tensor, row, whole) + "]\n";
  }
  if (tensor.rows() > kRows) text += fmt::format("  … {} more rows\n", tensor.rows() - kRows);
  return text;
}

}  // namespace

bool is_planned(const Graph& graph) {
  return std::ranges::any_of(graph.values, [](const Value& v) { return v.storage.has_value(); });
}

const NamedTensor* Outcome::find(std::string_view name) const {
  for (const std::vector<NamedTensor>* list : {&results, &writes}) {
    const auto found = std::ranges::find(*list, name, &NamedTensor::name);
    if (found != list->end()) return &*found;
  }
  return nullptr;
}

Outcome run_graph(const Graph& graph, const Bindings& given, Engine engine) {
  verify(graph);
  return engine == Engine::reference ? by_reference(graph, given) : by_kernels(graph, given);
}

std::string outcome_text(const Outcome& outcome) {
  std::string text;
  for (const NamedTensor& result : outcome.results) text += tensor_text("", result);
  for (const NamedTensor& write : outcome.writes) text += tensor_text("write ", write);
  return text;
}

std::string tensors_json(const std::vector<NamedTensor>& tensors) {
  std::string text = "{";
  for (const NamedTensor& named : tensors) {
    text += fmt::format("{}\n    {}: {}", text.size() > 1 ? "," : "", json_string(named.name),
                        json_of(named.tensor, named.type.dtype));
  }
  return text + (tensors.empty() ? "}" : "\n  }");
}

std::string outcome_json(const Outcome& outcome) {
  return fmt::format("{{\n  \"results\": {},\n  \"writes\": {}\n}}\n",
                     tensors_json(outcome.results), tensors_json(outcome.writes));
}

}  // namespace weft
