// Two readings of the clock around each node.
#include "frontend/report/node_timer.h"

#include <algorithm>

#include "runtime/kernels/kernel.h"

namespace weft {

NodeTimer::NodeTimer(Executor& executor)
    : executor_(executor),
      seconds_(executor.graph().nodes.size()),
      begins_(seconds_.size()),
      ends_(seconds_.size()),
      extents_(executor.graph().symbols.size()) {
  executor.observe(this);
}

NodeTimer::~NodeTimer() { executor_.observe(nullptr); }

void NodeTimer::before(std::size_t node, const RunContext&) { begins_[node] = Clock::now(); }

void NodeTimer::after(std::size_t node, const RunContext& run) {
  ends_[node] = Clock::now();
  seconds_[node] += std::chrono::duration<double>(ends_[node] - begins_[node]).count();
  if (node + 1 < seconds_.size()) return;
  ++runs_;
  for (std::size_t s = 0; s < extents_.size(); ++s) extents_[s] += run.extents[s];
}

SymbolExtents NodeTimer::mean_extents() const {
  SymbolExtents mean;
  const Graph& graph = executor_.graph();
  for (std::size_t s = 0; s < extents_.size(); ++s) {
    mean[graph.symbols[s].name] = extents_[s] / std::max<std::int64_t>(1, runs_);
  }
  return mean;
}

}  // namespace weft
