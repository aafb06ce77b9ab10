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

  // Times every run of the executor as long as this lives.
  explicit NodeTimer(Executor&);
  ~NodeTimer() override;
  NodeTimer(const NodeTimer&) = delete;
  NodeTimer& operator=(const NodeTimer&) = delete;

  void before(std::size_t node, const RunContext&) override;
  void after(std::size_t node, const RunContext&) override;

  std::int64_t runs() const { return runs_; }
  std::span<const double> seconds() const { return seconds_; }  // of all runs, by node
  // The last run: when each node began and ended.
  std::span<const Clock::time_point> begins() const { return begins_; }
  std::span<const Clock::time_point> ends() const { return ends_; }
  // What the symbols were on average; derived ones included.
  SymbolExtents mean_extents() const;

 private:
  Executor& executor_;
  std::vector<double> seconds_;
  std::vector<Clock::time_point> begins_, ends_;
  std::vector<std::int64_t> extents_;  // sums, by index into Graph::symbols
  std::int64_t runs_ = 0;
};

}  // namespace weft
