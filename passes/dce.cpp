// dce: removes nodes, inputs, params, states and symbols that no result and no write needs.
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

// Needed: results, both ends of writes, and whatever a node with a needed output reads.
std::vector<bool> needed_values(const Graph& graph) {
  std::vector<bool> needed(graph.values.size(), false);
  for (const ValueId id : graph.results) needed[index(id)] = true;
  for (const Write& write : graph.writes) {
    needed[index(write.source)] = needed[index(write.target)] = true;
  }
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    bool live = false;
    for (const ValueId id : node->outputs) live = live || needed[index(id)];
    if (!live) continue;
    for (const ValueId id : node->outputs) needed[index(id)] = true;  // a node is whole or gone
    for (const ValueId id : node->inputs) {
      if (id != kNoValue) needed[index(id)] = true;
    }
  }
  return needed;
}

}  // namespace

Graph dce(const Graph& graph, PassContext&) {
  const std::vector<bool> needed = needed_values(graph);
  Graph out = graph;
  out.values.clear();
  out.nodes.clear();
  out.arena_bytes = 0;
  std::vector<ValueId> image(graph.values.size(), kNoValue);
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) continue;
    image[i] = static_cast<ValueId>(out.values.size());
    out.values.push_back(graph.values[i]);
    out.values.back().storage.reset();
  }
  out.index_names();
  const auto renumber = [&](ValueId& id) {
    if (id != kNoValue) id = image[index(id)];
  };
  for (const Node& node : graph.nodes) {
    if (!needed[index(node.outputs.front())]) continue;
    Node& kept = out.nodes.emplace_back(node);
    for (ValueId& id : kept.inputs) renumber(id);
    for (ValueId& id : kept.outputs) renumber(id);
  }
  for (ValueId& id : out.results) renumber(id);
  for (Write& write : out.writes) {
    renumber(write.target);
    renumber(write.source);
  }
  drop_unused_symbols(out, [](const Symbol&) { return true; });
  return out;
}

}  // namespace weft
