// sink-activation: the maximum over time first, bias and activation after it, on one row per text.
#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>

#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

enum Port : std::size_t { kX, kOffsets, kBias };

//   max_pool(act(bias_add(x, b)), offsets)  ->  max_pool(x, offsets, b) act=…
//
// Exact where the activation is monotone: the greatest x then gives the greatest result. Nobody
// else may read what disappears, nor where the maximum was: an activation that is flat, such as
// relu, gives a first maximum elsewhere.
class SinkActivation {
 public:
  SinkActivation(const Graph& graph, PassContext& context)
      : graph_(graph), context_(context), uses_(graph), out_(graph) {}

  Graph run() && {
    std::map<std::size_t, Node> sunk;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (auto pool = sink(graph_.nodes[i])) sunk.emplace(i, std::move(*pool));
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (absorbed_.contains(&graph_.nodes[i])) continue;
      const auto found = sunk.find(i);
      if (found == sunk.end()) {
        out_.copy(graph_.nodes[i]);
      } else {
        const Node& pool = found->second;
        out_.replace(pool, *pool.op, out_(pool.inputs), pool.attrs);
      }
    }
    return std::move(out_).finish();
  }

 private:
  // The pool with all that sinks below it, if anything does.
  std::optional<Node> sink(const Node& node) {
    if (node.op != &ops::max_pool || node.inputs[kBias] != kNoValue) return {};
    if (!string_attr(node.attrs, "act").empty()) return {};
    Node pool = node;
    while (const Node* above = candidate(pool)) {
      if (!take(pool, *above)) break;
    }
    if (pool.inputs[kX] == node.inputs[kX]) return {};
    return pool;
  }

  // The node that computes the pool's operand, if it is a bias or an activation.
  const Node* candidate(const Node& pool) const {
    const Node* above = uses_.producer(pool.inputs[kX]);
    const bool fits =
        above != nullptr && (above->op == &ops::bias_add || above->op->activation != nullptr);
    return fits && pool.inputs[kBias] == kNoValue ? above : nullptr;
  }

  bool take(Node& pool, const Node& above) {
    const ValueId value = pool.inputs[kX];
    const auto decline = [&](const std::string& why) {
      context_.note(
          fmt::format("sink-activation: not applied to %{}: {}", graph_[value].name, why));
      return false;
    };
    const bool bias = above.op == &ops::bias_add;
    const std::string act = bias ? std::string() : activation_name(above);
    if (!bias && !string_attr(pool.attrs, "act").empty()) return false;  // one fits
    if (!bias && (!above.op->monotone_activation || act.empty())) {
      return decline(
          fmt::format("the maximum of {} is not always that of its operand", above.op->name));
    }
    const ValueId argmax = pool.outputs[1];
    if (!uses_.readers(argmax).empty() || uses_.kept(argmax)) {
      return decline("the place of the maximum is asked for");
    }
    if (!uses_.single(value)) return decline("it is read by others than the pool");
    if (bias) {
      pool.inputs[kBias] = above.inputs[1];
    } else {
      pool.attrs["act"] = act;
    }
    pool.inputs[kX] = above.inputs[0];
    pool.comments.insert(pool.comments.begin(), above.comments.begin(), above.comments.end());
    absorbed_.insert(&above);
    return true;
  }

  const Graph& graph_;
  PassContext& context_;
  Uses uses_;
  Rewriter out_;
  std::set<const Node*> absorbed_;
};

}  // namespace

Graph sink_activation(const Graph& graph, PassContext& context) {
  return SinkActivation(graph, context).run();
}

}  // namespace weft
