// A program for a BoundProgram of a test: planned the simple way.
#pragma once

#include "frontend/graph_tests/bound_program.h"
#include "ir/interpret.h"

namespace weft {

// Every value in a place of its own, or, with `in_place`, in that of the input it may replace.
inline Graph plan_simply(Graph graph, bool in_place = false) {
  std::int64_t offset = 0;
  for (Value& value : graph.values) {
    if (value.persists()) continue;
    value.storage = Storage::in_arena(offset);
    offset += (capacity_bytes(graph, value.type) + 63) / 64 * 64 + 64;
  }
  graph.arena_bytes = offset;
  if (!in_place) return graph;
  const Node& last = graph.nodes.back();
  for (std::size_t i = 0; i < last.op->in_place.size(); ++i) {
    const std::size_t port = last.op->in_place[i];
    if (port == 0) continue;
    const ValueId operand = last.inputs[port - 1];
    const Value& replaced = graph[operand];
    graph[last.outputs[i]].storage =
        replaced.persists() ? Storage::in_tensor(operand) : *replaced.storage;
  }
  return graph;
}

// Numbers as a float holds them, so that a float program and the reference start from the same.
inline Bindings rounded(Bindings bindings) {
  for (auto& [name, tensor] : bindings) {
    for (double& x : tensor.data) x = static_cast<double>(static_cast<float>(x));
  }
  return bindings;
}

}  // namespace weft
