// Runs that ended too early, and those that did not.
#include "frontend/train/run_remarks.h"

#include <doctest/doctest.h>

#include <vector>

namespace weft {
namespace {

// A run of which each epoch had this validation loss; the last was the best.
FitResult run_of(const std::vector<double>& losses) {
  FitResult result;
  for (const double loss : losses) {
    HistoryEntry entry;
    entry.epoch = static_cast<std::int64_t>(result.plan.history.size()) + 1;
    entry.learning_rate = 0.1;
    entry.metrics = {{"accuracy", 0.5}, {"macro_f1", 0.5}, {"loss", loss}};
    result.plan.history.push_back(entry);
  }
  result.epochs = result.best_epoch = static_cast<std::int64_t>(losses.size());
  return result;
}

}  // namespace

TEST_CASE("a run whose last epoch is the best was still improving") {
  const FitResult improving = run_of({0.6, 0.4, 0.5, 0.3});
  REQUIRE(run_remarks(improving).size() == 1);
  CHECK(run_remarks(improving)[0] ==
        "the last of 4 epochs was the best, and its validation loss the lowest: training was still "
        "improving; try --epochs 8");
  FitResult averaged = run_of({0.6, 0.4});
  averaged.averaged = 2;
  CHECK(run_remarks(averaged).size() == 1);
  // A plan that was trained further: of the second run alone.
  FitResult second = run_of({0.1, 0.5, 0.4});
  second.epochs = 2;
  CHECK(run_remarks(second).size() == 1);
}

TEST_CASE("no remark where more epochs promise nothing") {
  CHECK(run_remarks(FitResult{}).empty());
  CHECK(run_remarks(run_of({0.5})).empty());            // nothing to compare with
  CHECK(run_remarks(run_of({0.3, 0.5, 0.4})).empty());  // a better accuracy by chance
  CHECK(run_remarks(run_of({0.4, 0.4})).empty());
  FitResult best_before = run_of({0.5, 0.4});
  best_before.best_epoch = 1;
  CHECK(run_remarks(best_before).empty());
  FitResult falling = run_of({0.5, 0.4});
  falling.plan.history.back().learning_rate = 0.05;
  CHECK(run_remarks(falling).empty());
  FitResult unvalidated = run_of({0.5, 0.4});
  for (HistoryEntry& entry : unvalidated.plan.history) entry.metrics.clear();
  CHECK(run_remarks(unvalidated).empty());
  for (bool FitResult::*cut : {&FitResult::interrupted, &FitResult::stopped_early}) {
    FitResult result = run_of({0.5, 0.4});
    result.*cut = true;
    CHECK(run_remarks(result).empty());
  }
}

}  // namespace weft
