// plan-memory: lifetimes -> offsets in one arena, at the capacity of every symbol.
//
// A value takes over the place of an operand that dies with it, where the op allows it; what a
// param or state is written from is computed in that param's own place, where nobody reads the old
// content any more. Everything else is placed by place_buffers.
#include "passes/plan_memory.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/op.h"
#include "passes/passes.h"
#include "passes/place_buffers.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

constexpr std::int64_t kAlignment = 64;

std::int64_t aligned(std::int64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Which values share a place, and their lifetimes. Time 0 is before the first node, when inputs are
// filled in; node i runs at i + 1; results and sources of writes are read at the end.
class Tenancy {
 public:
  explicit Tenancy(const Graph& graph)
      : graph_(graph),
        end_(graph.nodes.size() + 1),
        first_(graph.values.size(), 0),
        last_(graph.values.size(), 0),
        begin_(graph.values.size(), 0),
        home_(graph.values.size(), kNoValue),
        buffer_(graph.values.size(), kNoBuffer) {
    find_lifetimes();
    for (const Write& write : graph.writes) settle_at_home(write);
    assign_buffers();
  }

  std::vector<Buffer> buffers;

  // The place of the value, once `buffers` are placed. None for params and states, and for unused
  // outputs.
  std::optional<Storage> storage(ValueId id) const {
    if (graph_[id].is_in(Storage::Kind::columns)) return graph_[id].storage;
    if (home_[index(id)] != kNoValue) return Storage::in_tensor(home_[index(id)]);
    if (buffer_[index(id)] == kNoBuffer) return std::nullopt;
    return Storage::in_arena(buffers[buffer_[index(id)]].offset);
  }

 private:
  static constexpr std::size_t kNoBuffer = static_cast<std::size_t>(-1);

  void find_lifetimes() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      for (const ValueId id : graph_.nodes[i].outputs) first_[index(id)] = last_[index(id)] = i + 1;
      for (const ValueId id : graph_.nodes[i].inputs) {
        if (id != kNoValue) last_[index(id)] = i + 1;
      }
    }
    for (const ValueId id : graph_.results) last_[index(id)] = end_;
    for (const Write& write : graph_.writes) last_[index(write.source)] = end_;
    begin_ = first_;
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      const Value& part = graph_.values[i];
      if (!part.is_in(Storage::Kind::columns)) continue;
      std::size_t& begin = begin_[index(part.storage->base)];
      begin = std::min(begin, first_[i]);
    }
  }

  // The operand whose place the op lets this output take: read for the last time, by one port only,
  // and of the same size. kNoValue if there is none.
  ValueId predecessor(ValueId id) const {
    if (graph_[id].role != Role::computed) return kNoValue;
    const std::size_t time = first_[index(id)];
    const Node& node = graph_.nodes[time - 1];
    const auto output = std::ranges::find(node.outputs, id) - node.outputs.begin();
    const auto& ports = node.op->in_place;
    const std::size_t port = static_cast<std::size_t>(output) < ports.size()
                                 ? ports[static_cast<std::size_t>(output)]
                                 : std::size_t{0};
    if (port == 0 || port > node.inputs.size()) return kNoValue;
    const ValueId operand = node.inputs[port - 1];
    if (operand == kNoValue || last_[index(operand)] != time) return kNoValue;
    const bool fits = std::ranges::count(node.inputs, operand) == 1 && bytes(operand) == bytes(id);
    return fits ? operand : kNoValue;
  }

  std::int64_t bytes(ValueId id) const { return capacity_bytes(graph_, graph_[id].type); }

  // Computes the source in the target's place, if the old content is dead by then or taken over;
  // so are, as far up as can be, the values whose places it takes over (%w -> sgd -> max_norm ->
  // %w).
  void settle_at_home(const Write& write) {
    std::vector<ValueId> chain;
    std::size_t settled = 0;  // the first so many of the chain
    for (ValueId id = write.source; id != kNoValue; id = predecessor(id)) {
      if (id == write.target) settled = chain.size();
      if (graph_[id].role != Role::computed || home_[index(id)] != kNoValue) break;
      if (graph_[id].type != graph_[write.target].type) break;
      chain.push_back(id);
      if (last_[index(write.target)] < first_[index(id)]) settled = chain.size();
    }
    chain.resize(settled);
    for (const ValueId id : chain) home_[index(id)] = write.target;
  }

  void assign_buffers() {
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      if (graph_.values[i].role == Role::input) add_buffer(static_cast<ValueId>(i));
    }
    std::vector<bool> taken(graph_.values.size(), false);  // by operand: an output has its place
    const std::vector<bool> left_out = unused_outputs(graph_);
    for (const Node& node : graph_.nodes) {
      for (const ValueId id : node.outputs) {
        if (home_[index(id)] != kNoValue || left_out[index(id)]) continue;
        if (graph_[id].is_in(Storage::Kind::columns)) continue;
        const ValueId operand = predecessor(id);
        if (operand == kNoValue || buffer_[index(operand)] == kNoBuffer || taken[index(operand)]) {
          add_buffer(id);
          continue;
        }
        taken[index(operand)] = true;
        buffer_[index(id)] = buffer_[index(operand)];
        buffers[buffer_[index(id)]].last = last_[index(id)];
      }
    }
  }

  void add_buffer(ValueId id) {
    buffer_[index(id)] = buffers.size();
    buffers.push_back({aligned(bytes(id)), begin_[index(id)], last_[index(id)]});
  }

  const Graph& graph_;
  std::size_t end_;
  std::vector<std::size_t> first_, last_;  // by value
  std::vector<std::size_t> begin_;         // by value: of it or the first of its parts
  std::vector<ValueId> home_;              // by value: the param or state it is stored in
  std::vector<std::size_t> buffer_;        // by value
};

}  // namespace

std::vector<std::int64_t> live_bytes(const Graph& graph) {
  std::vector<std::int64_t> live(graph.nodes.size() + 3, 0);
  for (const Buffer& buffer : Tenancy(graph).buffers) {
    live[buffer.first] += buffer.bytes;
    live[buffer.last + 1] -= buffer.bytes;
  }
  for (std::size_t i = 1; i < live.size(); ++i) live[i] += live[i - 1];
  live.pop_back();
  return live;
}

std::int64_t max_live_bytes(const Graph& graph) { return peak_bytes(Tenancy(graph).buffers); }

Graph plan_memory(const Graph& graph, PassContext& context) {
  Tenancy tenancy(graph);
  const std::int64_t bound = peak_bytes(tenancy.buffers);
  Graph planned = graph;
  planned.arena_bytes = place_buffers(tenancy.buffers);
  for (std::size_t i = 0; i < planned.values.size(); ++i) {
    planned.values[i].storage = tenancy.storage(static_cast<ValueId>(i));
  }
  const std::string verdict =
      planned.arena_bytes == bound
          ? "optimal"
          : fmt::format(
                "{:.1f} % above the bound of {}",
                100.0 *
                    (static_cast<double>(planned.arena_bytes) / static_cast<double>(bound) - 1.0),
                bound);
  context.note(fmt::format("plan-memory: @{} needs an arena of {} bytes, {}", graph.name,
                           planned.arena_bytes, verdict));
  return planned;
}

}  // namespace weft
