// merge-embeddings: what is computed from lookups by the same ids, row by row, becomes one lookup.
#include <fmt/format.h>

#include <map>
#include <optional>

#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

//   concat(embedding(ids, a), embedding(ids, b))  ->  embedding(ids, concat(a, b))
//   scale(embedding(ids, a))                      ->  embedding(ids, scale(a))
//
// If the tables are constant, the new table is made once for all runs; if they are the distinct
// rows of a batch, it has fewer rows than there are ids.
class MergeEmbeddings {
 public:
  MergeEmbeddings(const Graph& graph, PassContext& context)
      : graph_(graph), context_(context), constant_(constant_values(graph)), out_(graph) {}

  Graph run() && {
    for (const Node& node : graph_.nodes) {
      if (const auto merged = merge(node)) {
        lookups_[node.outputs[0]] = *merged;
        out_.replace(node, ops::embedding, {out_(merged->ids), merged->table});
        continue;
      }
      out_.copy(node);
      if (node.op == &ops::embedding) {
        const ValueId table = node.inputs[1];
        const bool worth =
            trains(graph_) ? !graph_[table].type.shape[0].is_static() : constant_[index(table)];
        if (worth) lookups_[node.outputs[0]] = {node.inputs[0], out_(table)};
      }
    }
    return std::move(out_).finish();
  }

 private:
  struct Lookup {
    ValueId ids{};    // of the source
    ValueId table{};  // of the target
  };

  std::optional<Lookup> merge(const Node& node) {
    if (!node.op->rowwise) return {};
    std::vector<ValueId> tables;
    for (const ValueId id : node.inputs) {
      const auto lookup = lookups_.find(id);
      if (lookup == lookups_.end()) return {};
      const Lookup& first = lookups_.at(node.inputs[0]);
      if (lookup->second.ids != first.ids || rows(lookup->second) != rows(first)) return {};
      tables.push_back(lookup->second.table);
    }
    const Lookup first = lookups_.at(node.inputs[0]);
    const TensorType& merged = graph_[node.outputs[0]].type;
    const TensorType table{merged.dtype, {rows(first), merged.shape.back()}, {}};
    const std::int64_t bytes = capacity_bytes(out_.target(), table);
    if (rows(first).is_static() && bytes > context_.tables.budget) {
      context_.note(fmt::format("merge-embeddings: not applied to %{}: {}",
                                graph_[node.outputs[0]].name, over_budget(bytes, context_.tables)));
      return {};
    }
    return Lookup{first.ids, out_.target().add(*node.op, tables, node.attrs, node.location,
                                               graph_[node.outputs[0]].name + ".table")};
  }

  Dim rows(const Lookup& lookup) { return out_.target()[lookup.table].type.shape[0]; }

  const Graph& graph_;
  PassContext& context_;
  std::vector<bool> constant_;
  Rewriter out_;
  std::map<ValueId, Lookup> lookups_;  // by source value, those worth merging
};

}  // namespace

Graph merge_embeddings(const Graph& graph, PassContext& context) {
  return MergeEmbeddings(graph, context).run();
}

}  // namespace weft
