// fuse-conv1d-bias-relu: one node for a convolution or matmul, its bias and its activation.
#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

//   conv1d(x, w, from, to)                                matmul(a, w)
//     bias_add(·, b)          ->  conv1d(x, w, from, to, b) act="relu"      linear(a, w, b) act=…
//       relu(·)
//
// Both the bias and the activation are optional. Nobody else may read what disappears between.
struct Fusion {
  const OpDef* op;
  std::vector<ValueId> inputs;  // of the source
  Attrs attrs;
  std::vector<std::string> comments;  // of all that is fused
  SourceLocation location;            // of the convolution or matmul
};

bool has_attr(const OpDef& op, std::string_view name) {
  return std::ranges::find(op.attrs, name, &AttrDef::name) != op.attrs.end();
}

// The node itself in the form that takes a bias and an activation, if it has one and is not fused
// yet. What that form has no attribute for must be at its default: a transposed matmul is no
// linear.
std::optional<Fusion> fusable(const Node& node) {
  const OpDef* op = node.op->fused != nullptr ? node.op->fused() : node.op;
  // One output: pools, which have two, add the bias to sequences that are not empty only.
  if (op->bias_port == 0 || node.outputs.size() != 1 || !has_attr(*op, "act")) return {};
  Fusion fusion{op, node.inputs, {}, node.comments, node.location};
  fusion.inputs.resize(op->inputs.size(), kNoValue);
  for (const auto& [name, value] : node.attrs) {
    if (has_attr(*op, name)) {
      fusion.attrs[name] = value;
    } else if (std::ranges::find(node.op->attrs, name, &AttrDef::name)->default_value != value) {
      return {};
    }
  }
  fusion.attrs.try_emplace("act", std::string());
  if (!string_attr(fusion.attrs, "act").empty()) return {};
  return fusion;
}

// Takes `next`, the only reader of `value`, into the fusion, if it is a bias or an activation.
bool absorb(Fusion& fusion, const Node& next, ValueId value) {
  if (next.inputs[0] != value || !string_attr(fusion.attrs, "act").empty()) return false;
  if (next.op == &ops::bias_add) {
    ValueId& bias = fusion.inputs[static_cast<std::size_t>(fusion.op->bias_port - 1)];
    if (bias != kNoValue) return false;
    bias = next.inputs[1];
    return true;
  }
  if (next.op->activation == nullptr) return false;
  const std::string act = activation_name(next);
  fusion.attrs["act"] = act;
  return !act.empty();
}

}  // namespace

Graph fuse_conv1d_bias_relu(const Graph& graph, PassContext&) {
  const Uses uses(graph);
  std::map<std::size_t, Fusion> fusions;  // by the last node of the chain: all operands exist there
  std::set<std::size_t> absorbed;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    std::optional<Fusion> fusion = fusable(graph.nodes[i]);
    if (!fusion) continue;
    std::size_t last = i;
    for (ValueId value = graph.nodes[i].outputs[0]; uses.single(value);) {
      const std::size_t next = uses.readers(value)[0];
      if (!absorb(*fusion, graph.nodes[next], value)) break;
      std::ranges::copy(graph.nodes[next].comments, std::back_inserter(fusion->comments));
      absorbed.insert(last);
      last = next;
      value = graph.nodes[next].outputs[0];
    }
    if (last != i) fusions.emplace(last, std::move(*fusion));
  }

  Rewriter out(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (absorbed.contains(i)) continue;
    const auto fusion = fusions.find(i);
    if (fusion == fusions.end()) {
      out.copy(graph.nodes[i]);
    } else {
      const Fusion& found = fusion->second;
      Node node = graph.nodes[i];
      node.location = found.location;
      node.comments = found.comments;
      out.replace(node, *found.op, out(found.inputs), found.attrs);
    }
  }
  return std::move(out).finish();
}

}  // namespace weft
