// The history of a run, read backwards from its last epoch.
#include "frontend/train/run_remarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

namespace weft {
namespace {

double valid_loss(const HistoryEntry& entry) {
  for (const auto& [name, value] : entry.metrics) {
    if (name == "loss") return value;
  }
  return std::numeric_limits<double>::infinity();
}

bool was_improving(std::span<const HistoryEntry> run) {
  const HistoryEntry& last = run.back();
  const auto before = run.first(run.size() - 1);
  return last.learning_rate >= before.back().learning_rate &&
         std::ranges::all_of(before, [&](const HistoryEntry& entry) {
           return valid_loss(entry) > valid_loss(last);
         });
}

}  // namespace

Warnings run_remarks(const FitResult& result) {
  const auto epochs = static_cast<std::size_t>(result.epochs);
  const std::span<const HistoryEntry> history = result.plan.history;
  const bool whole = !result.interrupted && !result.stopped_early;
  if (!whole || epochs < 2 || history.size() < epochs) return {};
  if (result.best_epoch != history.back().epoch || !was_improving(history.last(epochs))) return {};
  return {fmt::format(
      "the last of {} epochs was the best, and its validation loss the lowest: training "
      "was still improving; try --epochs {}",
      epochs, 2 * epochs)};
}

}  // namespace weft
