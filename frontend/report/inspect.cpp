// Measuring a plan: costs from the ops' own figures, lifetimes from the schedule.
#include "frontend/report/inspect.h"

#include <algorithm>
#include <limits>
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

// What only moves numbers reads no more of an operand than it writes: a lookup does not read its
// table.
NodeCost cost_of(const Graph& graph, const Node& node, const ElementCount& count) {
  const auto bytes = [&](ValueId id) {
    const TensorType& type = graph[id].type;
    return count(type) * static_cast<double>(size_of(type.dtype));
  };
  NodeCost cost;
  cost.by_reference = find_kernel(*node.op) == nullptr;
  double written = 0;
  for (const ValueId id : node.outputs) {
    written += bytes(id);
    if (node.op->flops == nullptr) cost.flops += count(graph[id].type);
  }
  if (node.op->flops != nullptr) cost.flops = node.op->flops(graph, node, count);
  cost.bytes = written;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) continue;
    cost.bytes += cost.flops > 0 ? bytes(id) : std::min(bytes(id), written);
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
  const ElementCount count = [&](const TensorType& type) {
    double elements = 1;
    for (const Dim& dim : type.shape) {
      const std::int64_t rows = dim.is_static() ? 0 : report.extents.at(dim.symbol);
      elements *= static_cast<double>(std::max<std::int64_t>(rows + dim.value, 0));
    }
    return elements;
  };
  for (const Node& node : graph.nodes) {
    report.nodes.push_back(cost_of(graph, node, count));
    report.total.flops += report.nodes.back().flops;
    report.total.bytes += report.nodes.back().bytes;
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
