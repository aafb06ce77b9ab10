// Results of a search: how several become one, how long the best is trained, what is no result.
#include "frontend/search/tune_result.h"

#include <doctest/doctest.h>

#include "frontend/search/final_values.h"
#include "ir/diagnostic.h"
#include "tests/support/tuned_model.h"

namespace weft {
namespace {

// As a plan that is trained without validation must be, to be as good as it scored.
TEST_CASE("how long the best is trained") {
  const auto ends = [](std::string_view train, TuneResult result) {
    Description model = described("");
    const std::size_t at = model.source.rfind("epochs=5");
    model = parse_description(model.source.replace(at, 8, train));
    Trial trial;
    trial.description = &model;
    result.epochs = 5;
    result.ended = 4;
    result.best_epoch = 2;
    return to_string(final_values(result, trial));
  };
  TuneResult best_epoch;
  TuneResult mean;
  mean.averaged = 3;
  CHECK(ends("epochs=5", best_epoch) == "train.epochs=2");
  CHECK(ends("epochs=5 average=3", best_epoch) == "train.epochs=2 train.average=0");
  CHECK(ends("epochs=5 average=3", mean) == "train.epochs=4");
  CHECK(ends("epochs=5 schedule=linear", best_epoch) == "train.epochs=5");
  CHECK(ends("epochs=5 warmup=0.1", best_epoch) == "train.epochs=5");
  CHECK(ends("epochs=5 warmup=10", best_epoch) == "train.epochs=2");
}

TEST_CASE("the best of a search too short to train it fully is trained as long as described") {
  TuneResult brief, full;
  brief.trial = 1;
  brief.epochs = brief.best_epoch = 1;
  brief.values = {{"train.rate", 0.5}};
  full.trial = 2;
  full.step = kTuneSteps - 1;
  CHECK(!was_trained_fully({brief, full}, 1));
  CHECK(was_trained_fully({brief, full}, 2));
  CHECK(to_string(final_values(brief, Trial(), /*fully=*/false)) == "train.rate=0.5");
}

TEST_CASE("splits that chose alike say how long the best is trained") {
  const auto chosen = [](std::int64_t best_epoch, std::int64_t averaged, double score) {
    TuneResult result;
    result.ended = 8;
    result.best_epoch = best_epoch;
    result.averaged = averaged;
    result.score = score;
    return result;
  };
  const TuneResult epoch = mean_of_splits({chosen(2, 0, 0.5), chosen(7, 3, 0.9), chosen(5, 0, 1)});
  CHECK(epoch.averaged == 0);
  CHECK(epoch.best_epoch == 4);  // of 2 and 5: 3.5
  CHECK(epoch.score == doctest::Approx(0.8));
  const TuneResult mean = mean_of_splits({chosen(2, 0, 0.5), chosen(7, 3, 0.9), chosen(5, 3, 1)});
  CHECK(mean.averaged == 3);
  CHECK(mean.ended == 8);
  CHECK(mean_of_splits({chosen(2, 0, 0.5)}).best_epoch == 2);
}

TEST_CASE("what is no result of a trial is refused") {
  CHECK_THROWS_AS(parse_tune_result("{\"trial\": 1}"), Error);
  CHECK_THROWS_AS(parse_tune_result("{\"trial\": 1"), Error);
}

}  // namespace
}  // namespace weft
