// infer-only: keeps what predicts. The loss, gradients and writes go; dropout and batch_norm become
// what they are at inference, as their ops declare.
#include <fmt/format.h>

#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

// Error if something needs an output of a node that a program which predicts does not have.
void refuse_if_read(const Graph& graph, const Node& node, std::size_t output, const Uses& uses) {
  const ValueId id = node.outputs[output];
  if (uses.readers(id).empty() && !uses.kept(id)) return;
  throw Error(node.location,
              fmt::format("infer-only: %{} of {} is there in training only, but a result needs it",
                          graph[id].name, node.op->name),
              "return only what predicts");
}

// `node` with operands of the target gives way to what its op says stands for it.
void replace_by_inference(Rewriter& out, const Node& node, const Uses& uses) {
  Node image = node;
  image.inputs = out(node.inputs);
  const std::vector<ValueId> stand_ins = node.op->inference(out.target(), image);
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (stand_ins[i] == kNoValue) {
      refuse_if_read(out.source(), node, i, uses);
      continue;
    }
    if (out.forward(node.outputs[i], stand_ins[i])) continue;
    // A result that would be an input, say: a value of its own bears the name.
    const ValueId same =
        out.target().add(ops::scale, {stand_ins[i]}, {{"factor", 1.0}}, node.location);
    out.forward(node.outputs[i], same);
  }
}

}  // namespace

Graph infer_only(const Graph& graph, PassContext& context) {
  Graph forward = graph;
  std::erase_if(forward.results, [&](ValueId id) { return for_training(graph[id].name); });
  forward.writes.clear();
  forward.attrs.clear();  // the optimizer and its settings
  if (forward.results.empty()) {
    throw Error(fmt::format("infer-only: program @{} has no result besides training's", graph.name),
                "return the logits or probabilities too: `return %loss, %logits`");
  }
  forward = dce(forward, context);

  const Uses uses(forward);
  Rewriter out(forward);
  for (const Node& node : forward.nodes) {
    if (node.op->inference != nullptr) {
      replace_by_inference(out, node, uses);
    } else {
      out.copy(node);
    }
  }
  return std::move(out).finish();
}

}  // namespace weft
