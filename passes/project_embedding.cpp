// project-embedding: multiplies a table's rows, not the rows that were looked up in it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

//   table = tap_table(embedding(ids, e), w)       ->  table = tap_table(e, w)
//   tap_max_pool(_, table, offsets)                   tap_max_pool(ids, table, offsets)
//
// for a product with a matrix commutes with a lookup. Where e and w are constant, the table is made
// once for all runs, if it fits the budget, and no multiplication is left in the program. Where e
// holds the distinct rows of a batch (dedup-tokens), there are fewer products.
enum TapPort : std::size_t { kIds, kTable };

class ProjectEmbedding {
 public:
  ProjectEmbedding(const Graph& graph, PassContext& context)
      : graph_(graph),
        context_(context),
        uses_(graph),
        constant_(constant_values(graph)),
        out_(graph) {}

  Graph run() && {
    for (const Node& node : graph_.nodes) {
      if (const auto projected = project(node)) {
        projected_.emplace(node.outputs[0], *projected);
      } else {
        write(node);
      }
    }
    return std::move(out_).finish();
  }

 private:
  struct Table {
    ValueId ids{}, table{};    // of the target
    ValueId scale = kNoValue;  // of a table of integers
  };

  std::optional<Table> project(const Node& node) {
    if (node.op != &ops::tap_table) return {};
    const Node* lookup = uses_.producer(node.inputs[0]);
    if (lookup == nullptr || lookup->op != &ops::embedding || !only_taps_read(node)) return {};
    const TensorType& rows = graph_[lookup->inputs[1]].type;
    const bool constant = !trains(graph_) && constant_[index(lookup->inputs[1])] &&
                          std::ranges::all_of(std::span(node.inputs).subspan(1),
                                              [&](ValueId w) { return constant_[index(w)]; });
    if (!constant && rows.shape[0].is_static()) return {};
    const bool quantize = constant && context_.tables.dtype != DType::f32 && may_quantize(node);
    if (constant && !fits(node, rows.shape[0].value, quantize)) return {};
    std::vector<ValueId> operands = out_(node.inputs);
    operands[0] = out_(lookup->inputs[1]);
    const ValueId ids = out_(lookup->inputs[0]);
    out_.replace(node, ops::tap_table, std::move(operands));
    const ValueId table = out_(node.outputs[0]);
    if (!quantize) return Table{ids, table};
    const std::string& name = graph_[node.outputs[0]].name;
    Attrs attrs = sizes(node);
    attrs["dtype"] = to_string(context_.tables.dtype);
    const auto integers =
        out_.target().append(ops::quantize_taps, {table}, attrs, node.location,
                             fmt::format("{}.{}", name, to_string(context_.tables.dtype)));
    return Table{ids, integers[0], integers[1]};
  }

  // The nodes that read the table, each in the form that looks up nothing yet.
  bool only_taps_read(const Node& table) const {
    const ValueId made = table.outputs[0];
    if (uses_.kept(made) || uses_.readers(made).empty()) return false;
    return std::ranges::all_of(uses_.readers(made), [&](std::size_t i) {
      const Node& reader = graph_.nodes[i];
      const bool taps = reader.op == &ops::tap_max_pool || reader.op == &ops::tap_mean_pool ||
                        reader.op == &ops::tap_sum;
      return taps && reader.inputs[kIds] == kNoValue;
    });
  }

  const Node& reader(const Node& table) const {
    return graph_.nodes[uses_.readers(table.outputs[0])[0]];
  }

  Attrs sizes(const Node& table) const {
    const Attrs& attrs = reader(table).attrs;
    return {*attrs.find("kernels"), *attrs.find("channels")};
  }

  bool decline(const Node& node, const std::string& why) {
    context_.note(
        fmt::format("project-embedding: not applied to %{}: {}", graph_[node.inputs[0]].name, why));
    return false;
  }

  bool may_quantize(const Node& table) {
    const auto keep = [&](std::string_view why) {
      context_.note(fmt::format("project-embedding: %{} stays in fp32: {}",
                                graph_[table.outputs[0]].name, why));
      return false;
    };
    constexpr std::int64_t kMaxTaps = 256;  // whose sum an i16 holds
    for (const std::size_t i : uses_.readers(table.outputs[0])) {
      if (graph_.nodes[i].op != &ops::tap_max_pool) return keep("only max pooling reads integers");
    }
    if (std::ranges::max(ints_attr(sizes(table), "kernels")) > kMaxTaps) {
      return keep("it has more than 256 taps");
    }
    return true;
  }

  bool fits(const Node& node, std::int64_t rows, bool quantize) {
    const DType dtype = quantize ? context_.tables.dtype : DType::f32;
    const std::int64_t bytes = tap_table_bytes(rows, sizes(node), dtype);
    return bytes <= context_.tables.budget || decline(node, over_budget(bytes, context_.tables));
  }

  void write(const Node& node) {
    const auto found =
        node.inputs.size() > kTable ? projected_.find(node.inputs[kTable]) : projected_.end();
    if (found == projected_.end()) {
      out_.copy(node);
      return;
    }
    const Table& table = found->second;
    std::vector<ValueId> operands;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (i == kIds) {
        operands.push_back(table.ids);
      } else {
        operands.push_back(i == kTable ? table.table : out_(node.inputs[i]));
      }
    }
    if (table.scale != kNoValue) {
      operands.resize(node.op->inputs.size(), kNoValue);
      operands.back() = table.scale;
    }
    out_.replace(node, *node.op, std::move(operands), node.attrs);
  }

  const Graph& graph_;
  PassContext& context_;
  Uses uses_;
  std::vector<bool> constant_;
  Rewriter out_;
  std::map<ValueId, Table> projected_;  // by the source's tap_table
};

}  // namespace

Graph project_embedding(const Graph& graph, PassContext& context) {
  return ProjectEmbedding(graph, context).run();
}

}  // namespace weft
