// The catch-up nodes of a training program, without ids: for all rows.
#include "passes/flush.h"

#include "ir/ops/train/optimizer.h"
#include "ir/plan/program_interface.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

// Declares the value as it is in `train`, once.
ValueId declared(Graph& flush, const Value& value) {
  if (const auto found = flush.find(value.name)) return *found;
  return flush.declare(value.role, value.name, value.type, value.attrs);
}

}  // namespace

std::optional<Graph> make_flush_program(const Graph& train) {
  Graph flush;
  flush.name = programs::kFlush;
  for (const Node& node : train.nodes) {
    if (!has_port(*node.op, OperandRole::last_step)) continue;
    std::vector<ValueId> inputs;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const bool ids = node.op->inputs[i].role == OperandRole::ids;
      inputs.push_back(ids ? kNoValue : declared(flush, train[node.inputs[i]]));
    }
    const auto outputs = flush.append(*node.op, inputs, node.attrs, node.location);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      flush.writes.push_back({inputs[i], outputs[i]});  // the table, its states, last: in order
    }
  }
  if (flush.nodes.empty()) return std::nullopt;
  PassContext context;
  return run_passes(std::move(flush), parse_passes(find_pipeline("train")->placement), context);
}

}  // namespace weft
