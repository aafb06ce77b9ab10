// Measuring a plan: costs from the ops' own figures, lifetimes from the schedule.
#include "frontend/report/inspect.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>

#include "ir/op.h"
#include "passes/plan_memory.h"
#include "runtime/kernels/kernel.h"

namespace weft {
namespace {

constexpr std::int64_t kUsualExamples = 32;
constexpr std::int64_t kUsualTokens = 20;  // per example

std::map<std::string, std::int64_t, std::less<>> usual_extents(const Graph& graph) {
  std::map<std::string, std::int64_t, std::less<>> extents;
  const Symbol* const b = graph.find_symbol("B");
  const Symbol* const t = graph.find_symbol("T");
  const Symbol* const w = graph.find_symbol("W");  // usual texts are one window
  const std::int64_t examples = std::min(kUsualExamples, b == nullptr ? 1 : b->capacity);
  const std::int64_t tokens = t == nullptr ? 0 : std::min(kUsualTokens * examples, t->capacity);
  for (const Symbol& symbol : graph.symbols) {
    const double share = t == nullptr || t->capacity == 0
                             ? 1.0
                             : static_cast<double>(tokens) / static_cast<double>(t->capacity);
    extents[symbol.name] =
        &symbol == b || &symbol == w ? examples
        : &symbol == t               ? tokens
                       : static_cast<std::int64_t>(static_cast<double>(symbol.capacity) * share);
  }
  return extents;
}

// The ids that name rows of the node's tables; none: it has no such operand.
std::optional<double> ids_of(const Graph& graph, const Node& node, const ElementCount& count) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (i >= node.op->inputs.size() || node.inputs[i] == kNoValue) continue;
    if (node.op->inputs[i].role != OperandRole::ids) continue;
    return count(graph[node.inputs[i]].type);
  }
  return std::nullopt;
}

// An op that only moves numbers reads as much of an operand as it writes, at most. An op with ids
// reads and writes only the rows that they name: a lookup does not read its whole table.
NodeCost cost_of(const Graph& graph, const Node& node, const ElementCount& count) {
  const std::optional<double> ids = ids_of(graph, node, count);
  const auto bytes = [&](ValueId id, bool by_rows) {
    const TensorType& type = graph[id].type;
    const double all = count(type) * static_cast<double>(size_of(type.dtype));
    if (!by_rows || !ids || type.shape.empty()) return all;
    const double rows = count({type.dtype, {type.shape[0]}, {}});
    return rows > *ids ? all / rows * *ids : all;
  };
  NodeCost cost;
  cost.by_reference = find_kernel(*node.op) == nullptr;
  double written = 0;
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    const bool in_place = i < node.op->in_place.size() && node.op->in_place[i] != 0;
    written += bytes(node.outputs[i], in_place);
    if (node.op->flops == nullptr) cost.flops += count(graph[node.outputs[i]].type);
  }
  if (node.op->flops != nullptr) cost.flops = node.op->flops(graph, node, count);
  cost.bytes = written;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) continue;
    const double read = bytes(id, true);
    cost.bytes += cost.flops > 0 ? read : std::min(read, written);
  }
  return cost;
}

std::vector<ArenaStay> arena_of(const Graph& graph) {
  const std::size_t end = graph.nodes.size() + 1;
  std::vector<ArenaStay> stays(graph.values.size());
  const auto at = [&](ValueId id) -> ArenaStay& { return stays[static_cast<std::size_t>(id)]; };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const ValueId id : graph.nodes[i].outputs) at(id).first = at(id).last = i + 1;
    for (const ValueId id : graph.nodes[i].inputs) {
      if (id != kNoValue) at(id).last = i + 1;
    }
  }
  for (const ValueId id : graph.results) at(id).last = end;
  for (const Write& write : graph.writes) at(write.source).last = end;
  for (std::size_t i = 0; i < stays.size(); ++i) {
    if (!graph.values[i].is_in(Storage::Kind::columns)) continue;
    ArenaStay& whole = at(graph.values[i].storage->base);
    whole.first = std::min(whole.first, stays[i].first);
  }
  std::vector<ArenaStay> arena;
  for (std::size_t i = 0; i < stays.size(); ++i) {
    const Value& value = graph.values[i];
    if (!value.is_in(Storage::Kind::arena)) continue;
    stays[i].value = static_cast<ValueId>(i);
    stays[i].offset = value.storage->offset;
    stays[i].bytes = capacity_bytes(graph, value.type);
    arena.push_back(stays[i]);
  }
  std::ranges::stable_sort(arena, {}, &ArenaStay::offset);
  return arena;
}

ProgramReport report_of(const Plan& plan, const Graph& graph) {
  ProgramReport report;
  report.graph = &graph;
  for (const PlanNote& note : plan.notes) {
    if (note.program == graph.name) report.notes.push_back(note.text);
  }
  report.extents = usual_extents(graph);
  report.nodes = costs_of(graph, report.extents);
  for (const NodeCost& cost : report.nodes) {
    report.total.flops += cost.flops;
    report.total.bytes += cost.bytes;
  }
  report.bound = max_live_bytes(graph);
  report.arena = arena_of(graph);
  return report;
}

}  // namespace

std::vector<std::string_view> first_words(const Plan& plan, std::size_t count) {
  std::vector<std::string_view> words;
  std::uint32_t begin = 0;
  const auto& ends = plan.vocabulary.ends;
  for (const std::uint32_t end : ends.first(std::min(count, ends.size()))) {
    words.push_back(plan.vocabulary.words.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

std::vector<NodeCost> costs_of(const Graph& graph,
                               const std::map<std::string, std::int64_t, std::less<>>& extents) {
  const ElementCount count = [&](const TensorType& type) {
    double elements = 1;
    for (const Dim& dim : type.shape) {
      const std::int64_t rows = dim.is_static() ? 0 : extents.at(dim.symbol);
      elements *= static_cast<double>(std::max<std::int64_t>(rows + dim.value, 0));
    }
    return elements;
  };
  std::vector<NodeCost> costs;
  for (const Node& node : graph.nodes) costs.push_back(cost_of(graph, node, count));
  return costs;
}

Inspection inspect(const Plan& plan) {
  Inspection inspection;
  inspection.plan = &plan;
  for (const PlanTensor& tensor : plan.tensors) {
    const auto bytes = static_cast<std::int64_t>(tensor.bytes.size());
    if (tensor.role == Role::param) {
      inspection.parameters += bytes / size_of(tensor.type.dtype);
      inspection.parameter_bytes += bytes;
    } else {
      inspection.state_bytes += bytes;
    }
  }
  for (const Graph& graph : plan.programs) inspection.programs.push_back(report_of(plan, graph));
  return inspection;
}

}  // namespace weft
