// sink-pick: of the last layer of an encoder only the rows that are picked, one per text.
#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>

#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

//   pick_row(f(x))                    ->  f(pick_row(x)), if f computes each row by itself
//   pick_row(attention(linear(x, w)))  ->  pool_attention(q, kv)
//                                            q = linear(pick_row(x), columns of w for queries)
//                                            kv = linear(x, the other columns)
//
// Exact, but for empty texts, whose zeros are masked in again, and for dropout, which draws other
// numbers: by element. Only where nobody else reads the rows. The last row of causal attention sees
// all rows, as each row of full attention does; the first sees none but itself and does not sink.
enum AttentionPort : std::size_t { kQkv, kOffsets, kSeed, kStep };

class SinkPick {
 public:
  SinkPick(const Graph& graph, PassContext& context)
      : graph_(graph), context_(context), uses_(graph), out_(graph) {}

  Graph run() && {
    for (std::size_t i = graph_.nodes.size(); i-- > 0;) plan(graph_.nodes[i]);
    for (const Node& node : graph_.nodes) write(node);
    return std::move(out_).finish();
  }

 private:
  // Which rows of a value are read.
  struct Pick {
    ValueId offsets{};
    std::string which;
    bool operator==(const Pick&) const = default;
  };

  static bool computes_rows(const Node& node) {
    return node.op->rowwise || node.op == &ops::dropout;
  }
  // An operand that has a row for each row of the result.
  bool has_rows_of(const Node& node, ValueId operand) const {
    if (operand == kNoValue) return false;
    const Shape &x = graph_[operand].type.shape, &y = graph_[node.outputs[0]].type.shape;
    return !x.empty() && !y.empty() && x[0] == y[0] && !x[0].is_static();
  }

  // The rows of `id` that are read, if they are those of one pick. Readers have been planned.
  std::optional<Pick> picked(ValueId id) const {
    if (uses_.kept(id) || uses_.readers(id).empty()) return {};
    std::optional<Pick> pick;
    for (const std::size_t i : uses_.readers(id)) {
      const Node& reader = graph_.nodes[i];
      std::optional<Pick> read;
      if (reader.op == &ops::pick_row && reader.inputs[0] == id) {
        read = Pick{reader.inputs[1], string_attr(reader.attrs, "which")};
      } else if (const auto found = sunk_.find(reader.outputs[0]);
                 found != sunk_.end() && computes_rows(reader)) {
        read = found->second;
      }
      if (!read || (pick && *pick != *read)) return {};
      pick = read;
    }
    return pick;
  }

  // From the last node to the first: which results are computed for the picked rows only.
  void plan(const Node& node) {
    const ValueId y = node.outputs[0];
    const auto others_read = [&] {
      for (std::size_t i = 1; i < node.outputs.size(); ++i) {
        if (uses_.kept(node.outputs[i]) || !uses_.readers(node.outputs[i]).empty()) return true;
      }
      return false;
    };
    if (!computes_rows(node) && node.op != &ops::attention) return;
    const auto pick = picked(y);
    if (!pick || others_read()) return;
    if (node.op == &ops::attention && !may_pool(node, *pick)) return;
    sunk_.emplace(y, *pick);
    if (node.op == &ops::attention) pooled_.insert(node.inputs[kQkv]);
  }

  bool may_pool(const Node& attention, const Pick& pick) {
    const auto decline = [&](const std::string& why) {
      context_.note(
          fmt::format("sink-pick: not applied to %{}: {}", graph_[attention.outputs[0]].name, why));
      return false;
    };
    if (pick.offsets != attention.inputs[kOffsets]) return decline("its rows are cut otherwise");
    if (int_attr(attention.attrs, "causal") != 0 && pick.which != "last") {
      return decline("it is causal, and the first row sees only itself");
    }
    const Node* product = uses_.producer(attention.inputs[kQkv]);
    const bool linear = product != nullptr && product->op == &ops::linear &&
                        string_attr(product->attrs, "act").empty();
    if (!linear || !uses_.single(attention.inputs[kQkv])) {
      return decline("its queries, keys and values are no product of their own");
    }
    return true;
  }

  void write(const Node& node) {
    const ValueId y = node.outputs[0];
    if (pooled_.contains(y)) return;  // written with its attention
    const auto sunk = sunk_.find(y);
    if (node.op == &ops::pick_row && sunk_.contains(node.inputs[0])) {
      out_.replace(node, ops::mask_empty_sequences, {out_(node.inputs[0]), out_(node.inputs[1])});
    } else if (sunk == sunk_.end()) {
      out_.copy(node);
    } else if (node.op == &ops::attention) {
      write_pooled(node, sunk->second);
    } else {
      std::vector<ValueId> operands;
      for (const ValueId id : node.inputs) {
        operands.push_back(has_rows_of(node, id) ? rows(id, sunk->second) : out_(id));
      }
      out_.replace(node, *node.op, std::move(operands), node.attrs);
    }
  }

  // The picked rows of a value, in the target.
  ValueId rows(ValueId id, const Pick& pick) {
    if (sunk_.contains(id)) return out_(id);
    const auto [found, fresh] = rows_.try_emplace({id, pick.which}, kNoValue);
    if (fresh) {
      found->second =
          out_.target().add(ops::pick_row, {out_(id), out_(pick.offsets)}, {{"which", pick.which}},
                            {}, fmt::format("{}.{}", graph_[id].name, pick.which));
    }
    return found->second;
  }

  // Columns [begin, end) of a weight or a bias.
  ValueId columns(ValueId id, std::int64_t begin, std::int64_t end, std::string_view part) {
    if (id == kNoValue) return kNoValue;
    const auto axis = static_cast<std::int64_t>(graph_[id].type.shape.size()) - 1;
    return out_.target().add(ops::slice, {out_(id)},
                             {{"axis", axis}, {"begin", begin}, {"end", end}}, {},
                             fmt::format("{}.{}", graph_[id].name, part));
  }

  void write_pooled(const Node& attention, const Pick& pick) {
    const Node& product = *uses_.producer(attention.inputs[kQkv]);
    const std::int64_t all = graph_[attention.inputs[kQkv]].type.shape[1].value, width = all / 3;
    const auto part = [&](ValueId x, std::int64_t begin, std::int64_t end, std::string_view name) {
      const ValueId w = columns(product.inputs[1], begin, end, name);
      const ValueId bias = columns(product.inputs[2], begin, end, name);
      return out_.target().add(ops::linear, {x, w, bias}, {}, product.location,
                               fmt::format("{}.{}", graph_[product.outputs[0]].name, name));
    };
    const ValueId q = part(rows(product.inputs[0], pick), 0, width, "query");
    const ValueId kv = part(out_(product.inputs[0]), width, all, "key_value");
    Attrs attrs = attention.attrs;
    attrs.erase("causal");
    out_.replace(attention, ops::pool_attention,
                 {q, kv, out_(attention.inputs[kOffsets]), out_(attention.inputs[kSeed]),
                  out_(attention.inputs[kStep])},
                 std::move(attrs));
  }

  const Graph& graph_;
  PassContext& context_;
  Uses uses_;
  Rewriter out_;
  std::map<ValueId, Pick> sunk_;  // results computed for the picked rows only
  std::set<ValueId> pooled_;      // products that are written with their attention
  std::map<std::pair<ValueId, std::string>, ValueId> rows_;
};

}  // namespace

Graph sink_pick(const Graph& graph, PassContext& context) { return SinkPick(graph, context).run(); }

}  // namespace weft
