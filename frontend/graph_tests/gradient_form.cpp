// A loss of the results, then the pass autodiff.
#include "frontend/graph_tests/gradient_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"
#include "passes/passes.h"

namespace weft {
namespace {

ValueId sum_of(Graph& graph, ValueId x) {
  const std::size_t rank = graph[x].type.shape.size();
  if (rank == 0) return x;
  std::vector<std::int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  return graph.add(ops::reduce_sum, {x}, {{"axes", axes}});
}

// The forward graph with the one number as its loss.
Graph with_loss(const Graph& source, const ResultNames& results) {
  Graph graph = source;
  graph.results.clear();
  graph.writes.clear();
  for (Value& value : graph.values) {
    // An input of numbers has a gradient, too.
    if (value.role == Role::input && value.type.dtype == DType::f32) value.role = Role::param;
  }
  ValueId sum = kNoValue;
  double weight = 1.0;
  for (const std::string& name : results) {
    const ValueId x = *graph.find(name);
    const ValueId square = graph.add(ops::mul, {x, x});
    const ValueId both = graph.add(ops::add, {sum_of(graph, square), sum_of(graph, x)});
    const ValueId weighted = graph.add(ops::scale, {both}, {{"factor", weight}});
    sum = sum == kNoValue ? weighted : graph.add(ops::add, {sum, weighted});
    weight *= 0.7;
  }
  if (const auto loss = graph.find(programs::kLoss)) {
    graph.rename(*loss, graph.unique_name(fmt::format("{}.given", programs::kLoss)));
  }
  graph.results = {graph.add(ops::scale, {sum}, {{"factor", 1.0}}, {}, programs::kLoss)};
  return graph;
}

bool is_differentiable(const Graph& graph, const std::string& result) {
  const Graph with = with_loss(graph, {result});
  PassContext context;
  try {
    autodiff(with, context);
  } catch (const Error& error) {
    return std::string_view(error.what()).find("has no gradient") == std::string_view::npos;
  }
  return true;
}

}  // namespace

std::optional<Graph> gradient_form(const Graph& graph, const ResultNames& results) {
  const Graph with = with_loss(graph, results);
  PassContext context;
  try {
    return autodiff(with, context);
  } catch (const Error&) {  // nothing is trainable
    return std::nullopt;
  }
}

ResultNames differentiable_results(const Graph& graph) {
  ResultNames names;
  if (!graph.writes.empty()) return names;
  for (const ValueId id : graph.results) {
    if (graph[id].name.ends_with(programs::kGradient)) return {};
    if (graph[id].type.dtype != DType::f32) continue;
    if (is_differentiable(graph, graph[id].name)) names.insert(graph[id].name);
  }
  return names;
}

}  // namespace weft
