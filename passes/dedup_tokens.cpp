// dedup-tokens: in a program that trains, looks up each distinct word of the batch once, so that
// what is computed from its row, and the row's gradient, is computed once.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

//   embedding(ids, table)  ->  distinct, inverse = unique(ids)
//                              rows = embedding(distinct, table)
//                              embedding(inverse, rows)
//
// Passes that follow take work over from the last lookup's readers to `rows`. Without them the
// second lookup costs a copy, and is still worth it: a trained table's gradient has few rows. Of a
// frozen table it is worth it only where a convolution, or what may be computed for the distinct
// rows, reads the rows.
class DedupTokens {
 public:
  DedupTokens(const Graph& graph, PassContext& context)
      : graph_(graph), context_(context), uses_(graph), out_(graph) {}

  Graph run() && {
    for (const Node& node : graph_.nodes) {
      if (!applies(node)) {
        out_.copy(node);
        continue;
      }
      const auto [distinct, inverse] = unique_of(node.inputs[0], vocabulary(node));
      const auto [rows, fresh] = rows_.try_emplace({node.inputs[0], node.inputs[1]}, kNoValue);
      if (fresh) {
        rows->second = out_.target().add(ops::embedding, {distinct, out_(node.inputs[1])}, {},
                                         node.location, graph_[node.inputs[1]].name + ".rows");
      }
      out_.replace(node, ops::embedding, {inverse, rows->second});
    }
    return std::move(out_).finish();
  }

 private:
  struct Unique {
    ValueId distinct, inverse;  // of the target
  };

  std::int64_t vocabulary(const Node& lookup) const {
    return graph_[lookup.inputs[1]].type.shape[0].value;
  }

  // A lookup in a table, trained or not, by ids that may repeat.
  bool applies(const Node& node) {
    if (node.op != &ops::embedding) return false;
    const Value &ids = graph_[node.inputs[0]], &table = graph_[node.inputs[1]];
    const Node* producer = uses_.producer(node.inputs[0]);
    if (producer != nullptr && producer->op == &ops::unique) return false;
    if (table.role != Role::param) return false;
    const Dim& tokens = ids.type.shape[0];
    const auto decline = [&](const std::string& why) {
      context_.note(fmt::format("dedup-tokens: not applied to %{}: {}", table.name, why));
      return false;
    };
    if (is_frozen(table) && !feeds_convolutions(node)) {
      return decline("it is frozen, and no convolution reads its rows");
    }
    if (tokens.is_static() || tokens.value != 0) {
      return decline(fmt::format("its ids are {}", to_string(ids.type)));
    }
    // The distinct ids of a batch are counted by one symbol, T.unique.
    const auto [counted, fresh] =
        counted_.try_emplace(tokens.symbol, node.inputs[0], vocabulary(node));
    if (!fresh && counted->second != std::pair(node.inputs[0], vocabulary(node))) {
      return decline("other ids, or those of another vocabulary, are distinguished already");
    }
    return true;
  }

  bool feeds_convolutions(const Node& lookup) const {
    return std::ranges::any_of(uses_.readers(lookup.outputs[0]), [&](std::size_t i) {
      const OpDef* op = graph_.nodes[i].op;
      return op == &ops::conv1d || op->rowwise;
    });
  }

  Unique unique_of(ValueId ids, std::int64_t size) {
    const auto [found, fresh] = uniques_.try_emplace(ids);
    if (fresh) {
      const auto made = out_.target().append(ops::unique, {out_(ids)}, {{"size", size}}, {},
                                             graph_[ids].name + ".unique");
      found->second = {made[0], made[1]};
    }
    return found->second;
  }

  const Graph& graph_;
  PassContext& context_;
  Uses uses_;
  Rewriter out_;
  std::map<std::string, std::pair<ValueId, std::int64_t>> counted_;  // by symbol: ids, vocabulary
  std::map<ValueId, Unique> uniques_;                                // by source ids
  std::map<std::pair<ValueId, ValueId>, ValueId> rows_;              // by source ids and table
};

}  // namespace

Graph dedup_tokens(const Graph& graph, PassContext& context) {
  return DedupTokens(graph, context).run();
}

}  // namespace weft
