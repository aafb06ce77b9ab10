// train-only: keeps what trains. Of a program with a loss, the results that only predicting asks
// for go, and what is computed for them alone; results that the loss is computed from cost nothing,
// and stay.
#include <algorithm>

#include "passes/passes.h"
#include "passes/rewrite.h"

namespace weft {

Graph train_only(const Graph& graph, PassContext& context) {
  if (!trains(graph)) return graph;
  Graph training = graph;
  std::erase_if(training.results, [&](ValueId id) { return !for_training(graph[id].name); });
  training = dce(training, context);
  Graph kept = graph;
  std::erase_if(kept.results, [&](ValueId id) { return !training.find(graph[id].name); });
  return dce(kept, context);
}

}  // namespace weft
