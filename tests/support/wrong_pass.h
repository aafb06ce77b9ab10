// A pass that is well-typed but wrong: p * sigmoid(q) is taken for silu(p), whatever q is.
#pragma once

#include <utility>

#include "ir/ops/ops.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace weft::test {

inline Graph take_gates_for_silu(const Graph& graph, PassContext&) {
  const Uses uses(graph);
  Rewriter out(graph);
  for (const Node& node : graph.nodes) {
    const Node* gate = node.op == &ops::mul ? uses.producer(node.inputs[1]) : nullptr;
    if (gate != nullptr && gate->op == &ops::sigmoid) {
      out.replace(node, ops::silu, {out(node.inputs[0])});
    } else {
      out.copy(node);
    }
  }
  return std::move(out).finish();
}

inline constexpr Pass kWrongPass{"fuse-silu", "wrong", take_gates_for_silu, /*rewrites=*/true};

}  // namespace weft::test
