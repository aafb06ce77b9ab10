// A program bound to memory for a test: planned the simple way, filled from tensors, run, read
// back.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "ir/interpret.h"
#include "runtime/executor.h"

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

inline void copy_elements(const Tensor& from, DType dtype, std::byte* to) {
  for (std::size_t i = 0; i < from.data.size(); ++i) {
    const auto real = static_cast<float>(from.data[i]);
    const auto whole = static_cast<std::int32_t>(from.data[i]);
    std::memcpy(to + 4 * i, dtype == DType::f32 ? static_cast<const void*>(&real) : &whole, 4);
  }
}

class BoundProgram {
 public:
  BoundProgram(Graph planned, const Bindings& given, int threads) : graph_(std::move(planned)) {
    for (const Value& value : graph_.values) {
      if (value.role != Role::param && value.role != Role::state) continue;
      const Tensor& tensor = given.at(value.name);
      bytes_.push_back(std::make_unique<AlignedBytes>(tensor.data.size() * 4));
      copy_elements(tensor, value.type.dtype, bytes_.back()->data());
      tensors_.push_back({value.name, value.type, value.role, bytes_.back()->span()});
    }
    memory_ = std::make_unique<Memory>(tensors_, Access::owned);
    executor_ = std::make_unique<Executor>(graph_, *memory_, threads);
  }

  // Fills the inputs and runs; symbols take their extents from the tensors' shapes.
  void run(const Bindings& given) {
    std::vector<SymbolExtent> extents;
    for (const Symbol& symbol : graph_.symbols) extents.push_back({symbol.name, 0});
    for (const Value& value : graph_.values) {
      if (value.role != Role::input) continue;
      const Tensor& tensor = given.at(value.name);
      copy_elements(tensor, value.type.dtype, executor_->input(value.name).data());
      for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis) {
        const Dim& dim = value.type.shape[axis];
        if (!dim.is_static()) extents.push_back({dim.symbol, tensor.shape[axis] - dim.value});
      }
      if (!value.type.ragged_dim.empty()) {
        extents.push_back({value.type.ragged_dim, static_cast<std::int64_t>(tensor.data.back())});
      }
    }
    executor_->run(extents);
  }

  TensorView result(std::size_t i = 0) const {
    return executor_->result(graph_[graph_.results[i]].name);
  }
  Memory& memory() { return *memory_; }
  Executor& executor() { return *executor_; }
  const Graph& graph() const { return graph_; }

 private:
  Graph graph_;
  std::vector<std::unique_ptr<AlignedBytes>> bytes_;
  std::vector<PlanTensor> tensors_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Executor> executor_;
};

// Numbers as a float holds them, so that a float program and the reference start from the same.
inline Bindings rounded(Bindings bindings) {
  for (auto& [name, tensor] : bindings) {
    for (double& x : tensor.data) x = static_cast<double>(static_cast<float>(x));
  }
  return bindings;
}

}  // namespace weft
