// Who wins a search, and the time that is kept to train the winner.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "frontend/search/candidate.h"
#include "frontend/search/search_time.h"
#include "tests/support/tuned_model.h"

namespace weft {
namespace {

TEST_CASE("a trial wins only by more than a standard error over what was given") {
  const Description by_accuracy = described("");
  Description by_loss = by_accuracy;
  by_loss.source.replace(by_loss.source.find("batch=8"), 7, "batch=8 metric=loss");
  by_loss = parse_description(by_loss.source);
  std::vector<Candidate> candidates(1);
  candidates.front().splits.resize(1);
  candidates.front().splits.front().valid.resize(100);  // at 0.8 a standard error is 0.04
  const auto winner = [&](const Description& description, double plain, std::int64_t plain_step) {
    candidates.front().trial.description = &description;
    std::vector<TuneResult> results(3);
    for (std::int64_t i = 0; i < 3; ++i) {
      TuneResult& r = results[static_cast<std::size_t>(i)];
      r.trial = i;
      r.step = kTuneSteps;
      r.score = r.accuracy = 0.81 - 0.005 * static_cast<double>(i);
      r.values.emplace_back("width", i);
    }
    TuneResult& last = results.emplace_back();
    last.trial = 3;
    last.step = plain_step;
    last.score = plain;
    rank_results(results);
    keep_plain(candidates, results);
    CHECK(results.size() == 4);
    const std::int64_t second = results.front().trial == 0 ? 1 : 0;
    CHECK(results[1].trial == second);
    return results.front().trial;
  };
  CHECK(winner(by_accuracy, 0.775, kTuneSteps) == 3);
  CHECK(winner(by_accuracy, 0.765, kTuneSteps) == 0);
  CHECK(winner(by_accuracy, 0.9, kTuneSteps) == 3);
  CHECK(winner(by_accuracy, 0.78, 1) == 3);  // there was no time for several seeds
  CHECK(winner(by_loss, 0.775, kTuneSteps) == 0);
}

TEST_CASE("the time of a search leaves what the final training takes") {
  SearchTime endless(std::numeric_limits<double>::infinity());
  endless.took(0, 10, 3);
  CHECK(std::isinf(endless.end(0, 10)));
  SearchTime time(100);
  CHECK(time.end() == doctest::Approx(80));
  CHECK(time.end(0, 10) == doctest::Approx(80));  // not trained yet
  CHECK_FALSE(time.expected(0, 10));
  time.took(0, 2, 4);
  CHECK(*time.expected(0, 10) == doctest::Approx(20));
  CHECK(time.end(0, 10) == doctest::Approx(70));
  time.took(0, 10, 10);  // the longest tells most
  time.took(0, 2, 4);
  CHECK(time.end(0, 10) == doctest::Approx(85));
  CHECK(time.end(0, 1000) == doctest::Approx(50));  // never more than half
  time.took(1, 0, 5);                               // failed
  CHECK_FALSE(time.expected(1, 10));
}

}  // namespace
}  // namespace weft
