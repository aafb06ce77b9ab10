// autodiff: appends the gradient of the result `loss` with respect to every trainable param.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

// Walks the nodes backwards from the loss, asks each op for its gradient, sums what meets at a
// value, and stops where no trainable param is reachable.
class Autodiff {
 public:
  Autodiff(const Graph& forward, PassContext& context)
      : graph_(forward), context_(context), values_(forward.values.size()) {
    trainable_.resize(values_, false);
    gradient_.resize(values_, kNoValue);
  }

  Graph run() && {
    find_trainable();
    const ValueId loss = find_loss();
    gradient_[index(loss)] =
        graph_.add(ops::constant, {},
                   {{"shape", std::vector<std::int64_t>{}}, {"value", std::vector<double>{1.0}}});
    for (std::size_t i = graph_.nodes.size() - 1; i-- > 0;) differentiate(Node(graph_.nodes[i]));
    return_gradients();
    return std::move(graph_);
  }

 private:
  ValueId find_loss() const {
    const auto loss = std::ranges::find_if(
        graph_.results, [&](ValueId id) { return graph_[id].name == programs::kLoss; });
    if (loss == graph_.results.end()) {
      throw Error(fmt::format("autodiff: program @{} has no result named `loss`", graph_.name),
                  "return it: `return %loss`");
    }
    if (graph_[*loss].type != TensorType{DType::f32, {}, {}}) {
      throw Error(fmt::format("autodiff: %loss is {}, but must be one number, f32[]",
                              to_string(graph_[*loss].type)));
    }
    if (!trainable_[index(*loss)]) {
      throw Error(fmt::format("autodiff: in program @{} the loss depends on no trainable param",
                              graph_.name),
                  "at least one param must be without frozen=1");
    }
    return *loss;
  }

  // A value is trainable if a change of some param that is not frozen can change it.
  void find_trainable() {
    for (std::size_t i = 0; i < values_; ++i) {
      const Value& value = graph_.values[i];
      trainable_[i] =
          value.role == Role::param && value.type.dtype == DType::f32 && !is_frozen(value);
    }
    for (const Node& node : graph_.nodes) {
      const bool any = std::ranges::any_of(
          node.inputs, [&](ValueId id) { return id != kNoValue && trainable_[index(id)]; });
      for (const ValueId id : node.outputs) {
        trainable_[index(id)] = any && graph_[id].type.dtype == DType::f32;
      }
    }
  }

  void differentiate(const Node& node) {
    std::vector<ValueId> dy;
    bool flows = false;
    for (const ValueId id : node.outputs) {
      dy.push_back(gradient_[index(id)]);
      flows = flows || dy.back() != kNoValue;
    }
    const std::size_t inputs = node.inputs.size();
    const auto wanted = std::make_unique<bool[]>(inputs);
    for (std::size_t i = 0; i < inputs; ++i) {
      wanted[i] = node.inputs[i] != kNoValue && trainable_[index(node.inputs[i])];
    }
    if (!flows || std::none_of(wanted.get(), wanted.get() + inputs, std::identity())) return;
    if (node.op->gradient == nullptr) {
      throw Error(
          node.location,
          fmt::format("{} has no gradient, but the loss reaches trainable params through it",
                      node.op->name),
          "freeze the params below it, or use another layer");
    }
    for (const ValueId id : node.outputs) name_gradient(id);
    std::vector<ValueId> dx(inputs, kNoValue);
    GradientContext view{graph_, node, dy, dx, std::span<const bool>(wanted.get(), inputs)};
    node.op->gradient(view);
    for (std::size_t i = 0; i < inputs; ++i) {
      if (wanted[i] && dx[i] != kNoValue) accumulate(node.inputs[i], dx[i], node.location);
    }
  }

  void accumulate(ValueId id, ValueId contribution, SourceLocation location) {
    ValueId& sum = gradient_[index(id)];
    sum = sum == kNoValue ? contribution : graph_.add(ops::add, {sum, contribution}, {}, location);
  }

  // The gradient of %x is called %x.grad, unless it has a name already (that of an equal gradient).
  bool name_gradient(ValueId id) {
    if (gradient_[index(id)] == kNoValue) return false;
    const ValueId gradient = gradient_[index(id)];
    const std::string usual = fmt::format("{}{}", graph_[id].name, programs::kGradient);
    if (!graph_[gradient].name.ends_with(programs::kGradient) && !graph_.find(usual)) {
      graph_.rename(gradient, usual);
    }
    return graph_[gradient].name == usual;
  }

  // Results of the names that optimizer-step looks for; two params may have one gradient.
  void return_gradients() {
    for (std::size_t i = 0; i < values_; ++i) {
      const ValueId param = static_cast<ValueId>(i);
      if (graph_[param].role != Role::param || !trainable_[i]) continue;
      if (gradient_[i] == kNoValue) {
        context_.note(fmt::format("autodiff: the loss does not depend on %{}: it is not trained",
                                  graph_[param].name));
        continue;
      }
      if (!name_gradient(param)) {
        gradient_[i] = graph_.add(ops::scale, {gradient_[i]}, {{"factor", 1.0}}, {},
                                  fmt::format("{}{}", graph_[param].name, programs::kGradient));
      }
      graph_.results.push_back(gradient_[i]);
    }
  }

  Graph graph_;
  PassContext& context_;
  std::size_t values_;             // of the forward graph
  std::vector<bool> trainable_;    // by forward value
  std::vector<ValueId> gradient_;  // by forward value: the sum so far
};

}  // namespace

Graph autodiff(const Graph& graph, PassContext& context) { return Autodiff(graph, context).run(); }

}  // namespace weft
