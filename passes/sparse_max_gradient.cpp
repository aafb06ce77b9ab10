// sparse-max-gradient: a max-pooled convolution's gradients from its winning windows alone.
#include <fmt/format.h>

#include <algorithm>

#include "ir/ops/ops.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

//   dtable = tap_max_pool_grad(dz, where, ids, offsets)
//   tap_table_input_grad(dtable, w)      ->  sparse_tap_input_grad(dz, where, ids, offsets, w)
//   tap_table_weight_grad(e, dtable)     ->  sparse_tap_weight_grad(dz, where, ids, offsets, e)
//
// Each channel of each text sends its gradient to one window, so that of a table of N rows only
// texts / N is not zero. A number of a short row update costs three times one of a matrix product,
// which gives the limit; the table's capacity, known here, is somewhat above the rows it has.
constexpr double kMaxDense = 0.25;

enum PoolPort : std::size_t { kDz, kArgmax, kIds, kOffsets };

class SparseMaxGradient {
 public:
  SparseMaxGradient(const Graph& graph, PassContext& context)
      : graph_(graph), context_(context), uses_(graph), out_(graph) {}

  Graph run() && {
    for (const Node& node : graph_.nodes) write(node);
    return std::move(out_).finish();
  }

 private:
  void write(const Node& node) {
    const bool input = node.op == &ops::tap_table_input_grad;
    const bool weight = node.op == &ops::tap_table_weight_grad;
    const Node* pool = input || weight ? uses_.producer(node.inputs[input ? 0 : 1]) : nullptr;
    if (pool == nullptr || pool->op != &ops::tap_max_pool_grad || !pays(*pool)) {
      out_.copy(node);
      return;
    }
    std::vector<ValueId> operands = pool->inputs;
    Attrs attrs{{"dilation", pool->attrs.find("dilation")->second}};
    if (input) {
      operands.insert(operands.end(), node.inputs.begin() + 1, node.inputs.end());
      attrs["rows"] = pool->attrs.find("rows")->second;
      out_.replace(node, ops::sparse_tap_input_grad, out_(operands), std::move(attrs));
    } else {
      operands.push_back(node.inputs[0]);
      attrs.insert(node.attrs.begin(), node.attrs.end());  // index, kernels, channels
      out_.replace(node, ops::sparse_tap_weight_grad, out_(operands), std::move(attrs));
    }
  }

  // Most of the gradient is zero, and nobody else wants it as a table. Judged at capacity.
  bool pays(const Node& pool) {
    const ValueId dtable = pool.outputs[0];
    if (uses_.kept(dtable)) return false;
    const bool only_products = std::ranges::all_of(uses_.readers(dtable), [&](std::size_t i) {
      const OpDef* op = graph_.nodes[i].op;
      return op == &ops::tap_table_input_grad || op == &ops::tap_table_weight_grad;
    });
    if (!only_products) return false;
    const auto rows = [&](ValueId id) {
      const Dim& dim = graph_[id].type.shape[0];
      return static_cast<double>(capacity_elements(graph_, {DType::f32, {dim}, {}}));
    };
    const double texts = rows(pool.inputs[kDz]), table = rows(dtable);
    if (texts <= kMaxDense * table) return true;
    const std::size_t first = uses_.readers(dtable).front();
    if (noted_ != &pool) {
      context_.note(
          fmt::format("sparse-max-gradient: not applied to %{}: {} texts have too many "
                      "maxima for {} rows",
                      graph_[graph_.nodes[first].outputs[0]].name, texts, table));
    }
    noted_ = &pool;
    return false;
  }

  const Graph& graph_;
  PassContext& context_;
  Uses uses_;
  Rewriter out_;
  const Node* noted_ = nullptr;
};

}  // namespace

Graph sparse_max_gradient(const Graph& graph, PassContext& context) {
  return SparseMaxGradient(graph, context).run();
}

}  // namespace weft
