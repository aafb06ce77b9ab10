// The catch-up nodes of a training program, without ids: for all rows.
#include "passes/flush.h"

#include <algorithm>

#include "ir/plan/program_interface.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

std::size_t ids_port(const OpDef& op) {
  return static_cast<std::size_t>(std::ranges::find(op.inputs, "ids", &PortDef::name) -
                                  op.inputs.begin());
}

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
    if (!node.op->name.ends_with("_catch_up")) continue;
    std::vector<ValueId> inputs;
    for (const ValueId id : node.inputs) {
      inputs.push_back(inputs.size() == ids_port(*node.op) ? kNoValue : declared(flush, train[id]));
    }
    const auto outputs = flush.append(*node.op, inputs, node.attrs, node.location);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      flush.writes.push_back({inputs[i], outputs[i]});  // the table, its states, last: in order
    }
  }
  if (flush.nodes.empty()) return std::nullopt;
  PassContext context;
  return run_passes(std::move(flush), parse_passes("plan-memory"), context);
}

}  // namespace weft
