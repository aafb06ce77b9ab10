// The lowered graph built again, value by value, with other sizes.
#include "frontend/description/layers.h"
#include "frontend/description/lower.h"
#include "ir/op.h"
#include "ir/plan/program_interface.h"

namespace weft {
namespace {

TensorType with_vocabulary(TensorType type, std::int64_t rows) {
  for (Dim& dim : type.shape) {
    if (dim.symbol == kVocabularyRows) dim = Dim(rows + dim.value);
  }
  return type;
}

}  // namespace

GraphSizes batch_sizes(std::int64_t vocabulary, std::int64_t examples, std::int64_t tokens,
                       const TextSettings& text) {
  return {vocabulary, examples, tokens, examples + tokens / text.max_tokens};
}

// Values keep their order, and so their ids: what nodes, results and layers refer to stays right.
Graph sized(const Graph& lowered, const GraphSizes& sizes) {
  Graph graph;
  graph.name = lowered.name;
  graph.attrs = lowered.attrs;
  graph.symbol(programs::kTexts, sizes.examples);
  graph.symbol(programs::kTokens, sizes.tokens);
  if (has_input(lowered, programs::kWindows)) {
    graph.symbol(programs::kWindowCount, sizes.windows);
  }
  auto next = lowered.nodes.begin();
  while (graph.values.size() < lowered.values.size()) {
    const Value& value = lowered.values[graph.values.size()];
    if (value.role != Role::computed) {
      graph.declare(value.role, value.name, with_vocabulary(value.type, sizes.vocabulary),
                    value.attrs);
      continue;
    }
    WEFT_CHECK(next != lowered.nodes.end());
    for (const ValueId id : graph.append(*next->op, next->inputs, next->attrs, next->location)) {
      graph.rename(id, lowered[id].name);
    }
    ++next;
  }
  graph.results = lowered.results;
  graph.writes = lowered.writes;
  return graph;
}

}  // namespace weft
