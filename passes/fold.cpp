// fold: a node whose operands are all constants becomes constants, evaluated by its reference.
#include <algorithm>

#include "ir/interpret.h"
#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

constexpr std::int64_t kMostElements = 4096;  // constants are text in the program: keep them small

bool foldable(const Uses& uses, const Graph& graph, const Node& node) {
  if (node.inputs.empty() || !node.op->foldable) return false;
  const bool constant_inputs = std::ranges::all_of(node.inputs, [&](ValueId id) {
    const Node* producer = id == kNoValue ? nullptr : uses.producer(id);
    return id == kNoValue || (producer != nullptr && producer->op == &ops::constant);
  });
  return constant_inputs && std::ranges::all_of(node.outputs, [&](ValueId id) {
           const Shape& shape = graph[id].type.shape;
           return std::ranges::all_of(shape, &Dim::is_static) &&
                  capacity_elements(graph, graph[id].type) <= kMostElements;
         });
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

// One round: constants that this makes are operands of the next.
Graph fold_once(const Graph& graph, bool& changed) {
  const Uses uses(graph);
  Rewriter out(graph);
  for (const Node& node : graph.nodes) {
    if (!foldable(uses, graph, node)) {
      out.copy(node);
      continue;
    }
    changed = true;
    const std::vector<Tensor> tensors = evaluate(uses, node);
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
