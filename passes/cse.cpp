// cse: of nodes with the same op, operands and attributes, the first computes for all.
#include <map>
#include <tuple>

#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

Graph cse(const Graph& graph, PassContext&) {
  using Key = std::tuple<std::string_view, std::vector<ValueId>, Attrs>;
  std::map<Key, std::vector<ValueId>> computed;  // values of the target
  Rewriter out(graph);
  for (const Node& node : graph.nodes) {
    Key key{node.op->name, out(node.inputs), node.attrs};
    const auto found = computed.find(key);
    if (found == computed.end()) {
      out.copy(node);
      computed.emplace(std::move(key), out(node.outputs));
      continue;
    }
    bool merged = true;
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      merged = merged && out.forward(node.outputs[i], found->second[i]);
    }
    if (!merged) out.copy(node);  // two results need two names
  }
  return std::move(out).finish();
}

}  // namespace weft
