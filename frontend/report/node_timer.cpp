// Two readings of the clock around each node.
#include "frontend/report/node_timer.h"

#include <algorithm>

#include "runtime/kernels/kernel.h"

namespace weft {

NodeTimer::NodeTimer(Executor& executor, std::size_t max_spans)
    : executor_(executor),
      seconds_(executor.graph().nodes.size()),
      max_spans_(max_spans),
      extents_(executor.graph().symbols.size()) {
  spans_.reserve(max_spans);
  executor.observe(this);
}

NodeTimer::~NodeTimer() { executor_.observe(nullptr); }

void NodeTimer::before(std::size_t, const RunContext&) { begin_ = Clock::now(); }

void NodeTimer::after(std::size_t node, const RunContext& run) {
  const Clock::time_point end = Clock::now();
  seconds_[node] += std::chrono::duration<double>(end - begin_).count();
  if (spans_.size() < max_spans_) spans_.push_back({node, begin_, end});
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
