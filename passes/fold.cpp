// fold: a node whose operands are all constants becomes constants, evaluated by its reference.
#include <algorithm>
#include <cmath>

#include "ir/interpret.h"
#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

constexpr std::int64_t kMaxElements = 4096;  // constants are text in the program: keep them small

bool fits(const Graph& graph, const TensorType& type) {
  const std::int64_t elements = capacity_elements(graph, type);
  return std::ranges::all_of(type.shape, &Dim::is_static) && 0 < elements &&
         elements <= kMaxElements;
}

bool foldable(const Uses& uses, const Graph& graph, const Node& node) {
  if (node.inputs.empty() || !node.op->foldable) return false;
  const bool constant_inputs = std::ranges::all_of(node.inputs, [&](ValueId id) {
    const Node* producer = id == kNoValue ? nullptr : uses.producer(id);
    return id == kNoValue || (producer != nullptr && producer->op == &ops::constant);
  });
  return constant_inputs &&
         std::ranges::all_of(node.outputs, [&](ValueId id) { return fits(graph, graph[id].type); });
}

Attrs constant_attrs(const Tensor& tensor, DType dtype) {
  return {{"dtype", to_string(dtype)}, {"shape", tensor.shape}, {"value", tensor.data}};
}

// A program of the node and the constants it reads, run by the interpreter.
std::vector<Tensor> evaluate(const Uses& uses, const Node& node) {
  Graph alone;
  std::vector<ValueId> inputs;
  for (const ValueId id : node.inputs) {
    inputs.push_back(id == kNoValue ? id : alone.add(ops::constant, {}, uses.producer(id)->attrs));
  }
  alone.results = alone.append(*node.op, inputs, node.attrs, node.location);
  return interpret(alone, {}).results;
}

bool finite(const Tensor& tensor) {
  return std::ranges::all_of(tensor.data, [](double x) { return std::isfinite(x); });
}

// One round: constants that this makes are operands of the next.
Graph fold_once(const Graph& graph, bool& changed) {
  const Uses uses(graph);
  Rewriter out(graph);
  for (const Node& node : graph.nodes) {
    const std::vector<Tensor> tensors =
        foldable(uses, graph, node) ? evaluate(uses, node) : std::vector<Tensor>{};
    if (tensors.empty() || !std::ranges::all_of(tensors, finite)) {
      out.copy(node);
      continue;
    }
    changed = true;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      Node one = node;
      one.outputs = {node.outputs[i]};
      out.replace(one, ops::constant, {},
                  constant_attrs(tensors[i], graph[node.outputs[i]].type.dtype));
    }
  }
  return std::move(out).finish();
}

}  // namespace

Graph fold(const Graph& graph, PassContext&) {
  Graph folded = graph;
  for (bool changed = true; changed;) {
    changed = false;
    folded = fold_once(folded, changed);
  }
  return folded;
}

}  // namespace weft
