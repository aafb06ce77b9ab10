// split-frozen: training reads the rows that a frozen encoder made of its texts, not the texts.
#include <fmt/format.h>

#include <algorithm>

#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"
#include "passes/frozen_cut.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

// What a frozen encoder makes of a text is the same in each epoch: encode-only makes the program
// that computes it, and this pass the one that reads it, as the input %rows. Exact: dropout before
// the cut leaves nothing to cut, and behind it nothing changes. Where it does not pay, and what
// cannot be stored: see frozen_cut.
Graph split_frozen(const Graph& graph, PassContext& context) {
  const std::optional<FrozenCut> cut = find_frozen_cut(graph, context);
  if (!cut) return graph;
  const Graph source = without_rows_by_name(graph);
  Rewriter out(source);
  const Dim row_for_each = source[cut->rows.front()].type.shape[0];
  const ValueId rows = out.target().declare(Role::input, std::string(programs::kRows),
                                            {DType::f32, {row_for_each, Dim(cut->width)}, {}});
  std::int64_t column = 0;
  for (const ValueId id : cut->rows) {
    const std::int64_t end = column + source[id].type.shape[1].value;
    const ValueId part =
        cut->rows.size() == 1
            ? rows
            : out.target().add(ops::slice, {rows}, {{"axis", 1}, {"begin", column}, {"end", end}});
    out.forward(id, part);
    column = end;
  }
  for (const Node& node : source.nodes) {
    const bool stored = std::ranges::any_of(node.outputs, [&](ValueId id) {
      return std::ranges::find(cut->rows, id) != cut->rows.end();
    });
    if (!stored) out.copy(node);
  }
  Graph split = std::move(out).finish();
  const std::string& name = source[cut->rows.front()].name;
  if (cut->rows.size() == 1) split.rename(*split.find(name), std::string(programs::kRows));
  context.note(
      fmt::format("split-frozen: what is before %{} is computed once for each text, by @{}", name,
                  programs::kEncode));
  return dce(split, context);
}

}  // namespace weft
