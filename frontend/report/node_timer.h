// How long each node of a program takes, over many runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "ir/interpret.h"
#include "runtime/executor.h"

namespace weft {

class NodeTimer final : public NodeObserver {
 public:
  using Clock = std::chrono::steady_clock;

  struct Span {
    std::size_t node;  // index into Graph::nodes
    Clock::time_point begin, end;
  };

  // Times every run of the executor as long as this lives. Keeps the spans of the first runs, at
  // most so many.
  explicit NodeTimer(Executor&, std::size_t max_spans = 0);
  ~NodeTimer() override;
  NodeTimer(const NodeTimer&) = delete;
  NodeTimer& operator=(const NodeTimer&) = delete;

  void before(std::size_t node, const RunContext&) override;
  void after(std::size_t node, const RunContext&) override;

  std::int64_t runs() const { return runs_; }
  std::span<const double> seconds() const { return seconds_; }  // of all runs, by node
  std::span<const Span> spans() const { return spans_; }
  // What the symbols were on average; derived ones included.
  SymbolExtents mean_extents() const;

 private:
  Executor& executor_;
  std::vector<double> seconds_;
  Clock::time_point begin_;  // of the node that runs
  std::vector<Span> spans_;
  std::size_t max_spans_;
  std::vector<std::int64_t> extents_;  // sums, by index into Graph::symbols
  std::int64_t runs_ = 0;
};

}  // namespace weft
