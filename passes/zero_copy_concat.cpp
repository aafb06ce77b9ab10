// zero-copy-concat: the operands of a concat are computed in their columns of its result, so that
// nothing is copied.
#include <fmt/format.h>

#include <algorithm>

#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

namespace {

//   %a = max_pool(..)                      ->  %a = max_pool(..) : f32[B, 3] in %y+0
//   %b = mean_pool(..)                         %b = mean_pool(..) : f32[B, 5] in %y+3
//   %y = concat(%a, %b)                        %y = concat(%a, %b)
//
// Costs nothing and saves a copy wherever it can be done: the op must be able to write rows that
// lie apart, and nobody but the concatenation may read them.
class ZeroCopyConcat {
 public:
  ZeroCopyConcat(const Graph& graph, PassContext& context)
      : uses_(graph), context_(context), placed_(graph) {}

  Graph run() && {
    for (const Node& node : placed_.nodes) {
      if (node.op->concatenates && placed_[node.outputs[0]].type.shape.size() == 2) place(node);
    }
    return std::move(placed_);
  }

 private:
  void place(const Node& concat) {
    const ValueId whole = concat.outputs[0];
    const bool written = std::ranges::any_of(
        placed_.writes, [&](const Write& write) { return write.source == whole; });
    if (written) return;  // it may be computed in the place of a param
    std::int64_t column = 0;
    for (const ValueId part : concat.inputs) {
      const std::string why = obstacle(part);
      if (why.empty()) {
        placed_[part].storage = Storage::in_columns(whole, column);
      } else {
        context_.note(
            fmt::format("zero-copy-concat: not applied to %{}: {}", placed_[part].name, why));
      }
      column += placed_[part].type.shape.back().value;
    }
  }

  // Why it must be copied; empty if it need not.
  std::string obstacle(ValueId part) const {
    const Node* producer = uses_.producer(part);
    if (producer == nullptr) return "it is given, not computed";
    if (!producer->op->strided || producer->outputs[0] != part) {
      return fmt::format("{} writes rows without gaps", producer->op->name);
    }
    return uses_.single(part) ? "" : "it is read elsewhere too";
  }

  Uses uses_;
  PassContext& context_;
  Graph placed_;
};

}  // namespace

Graph zero_copy_concat(const Graph& graph, PassContext& context) {
  return ZeroCopyConcat(graph, context).run();
}

}  // namespace weft
