// encode-only: keeps the frozen part of a program that trains; the other side of split-frozen.
#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"
#include "passes/frozen_cut.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

Graph encode_only(const Graph& graph, PassContext& context) {
  const std::optional<FrozenCut> cut = find_frozen_cut(graph, PassContext{});
  if (!cut) {
    throw Error("encode-only: program @" + graph.name + " has no frozen part worth storing",
                "split-frozen says why");
  }
  Graph encode = without_rows_by_name(graph);
  encode.results = cut->rows;
  encode.writes.clear();
  encode.attrs.clear();  // the optimizer and its settings
  encode = dce(encode, context);
  if (cut->rows.size() > 1) {
    encode.results = {encode.add(ops::concat, encode.results)};
  }
  encode.rename(encode.results.front(), std::string(programs::kRows));
  return encode;
}

}  // namespace weft
