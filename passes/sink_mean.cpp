// sink-mean: the last layer on the rows of a table of word vectors, the mean over the text after
// it.
#include <fmt/format.h>

#include <set>

#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

//   matmul(mean_pool(embedding(ids, e), offsets), w)
//     -> mean_pool(embedding(ids, matmul(e, w)), offsets)
//
// A mean commutes with a product, and the mean of an empty text is zero on both sides. It pays
// where e and w stay as they are and w has fewer columns than e: the products are made once for all
// runs, and a text is a mean of shorter rows.
class SinkMean {
 public:
  SinkMean(const Graph& graph, PassContext& context)
      : graph_(graph),
        context_(context),
        uses_(graph),
        constant_(constant_values(graph)),
        out_(graph) {}

  Graph run() && {
    for (const Node& node : graph_.nodes) {
      if (const Bag bag = bag_of(node); bag.pool != nullptr) {
        absorbed_.insert({bag.pool, bag.lookup});
      }
    }
    for (const Node& node : graph_.nodes) {
      if (absorbed_.contains(&node)) continue;
      const Node* const pool = node.op == &ops::matmul ? uses_.producer(node.inputs[0]) : nullptr;
      absorbed_.contains(pool) ? write(node, *pool) : out_.copy(node);
    }
    return std::move(out_).finish();
  }

 private:
  // What such a product is of; nulls: it is no such product.
  struct Bag {
    const Node* pool = nullptr;
    const Node* lookup = nullptr;
  };

  const Node* only_producer(ValueId id, const OpDef& op) const {
    const Node* const node = uses_.producer(id);
    return node != nullptr && node->op == &op && uses_.single(id) ? node : nullptr;
  }

  Bag bag_of(const Node& node) {
    if (node.op != &ops::matmul || trains(graph_)) return {};
    if (int_attr(node.attrs, "transpose_a") + int_attr(node.attrs, "transpose_b") != 0) return {};
    const Node* const pool = only_producer(node.inputs[0], ops::mean_pool);
    if (pool == nullptr) return {};
    const Node* const lookup = only_producer(pool->inputs[0], ops::embedding);
    if (lookup == nullptr || !pays(node, lookup->inputs[1])) return {};
    return {pool, lookup};
  }

  bool pays(const Node& product, ValueId table) {
    const Shape &e = graph_[table].type.shape, &w = graph_[product.inputs[1]].type.shape;
    const bool constant = constant_[index(table)] && constant_[index(product.inputs[1])];
    if (!constant || !e[0].is_static() || !w[1].is_static()) return false;
    const auto decline = [&](const std::string& why) {
      context_.note(
          fmt::format("sink-mean: not applied to %{}: {}", graph_[product.outputs[0]].name, why));
      return false;
    };
    if (w[1].value >= e[1].value) {
      return decline("the products would be as wide as the vectors, or wider");
    }
    const std::int64_t bytes = e[0].value * w[1].value * size_of(DType::f32);
    return bytes <= context_.tables.budget || decline(over_budget(bytes, context_.tables));
  }

  void write(const Node& product, const Node& pool) {
    const Node& lookup = *uses_.producer(pool.inputs[0]);
    Graph& target = out_.target();
    const auto name = [&](const Node& node) { return graph_[node.outputs[0]].name; };
    const ValueId table = target.add(ops::matmul, {out_(lookup.inputs[1]), out_(product.inputs[1])},
                                     {}, product.location, name(product) + ".table");
    const ValueId rows = target.add(ops::embedding, {out_(lookup.inputs[0]), table}, {},
                                    lookup.location, name(lookup));
    out_.replace(product, ops::mean_pool, {rows, out_(pool.inputs[1])});
  }

  const Graph& graph_;
  PassContext& context_;
  Uses uses_;
  std::vector<bool> constant_;
  Rewriter out_;
  std::set<const Node*> absorbed_;
};

}  // namespace

Graph sink_mean(const Graph& graph, PassContext& context) { return SinkMean(graph, context).run(); }

}  // namespace weft
