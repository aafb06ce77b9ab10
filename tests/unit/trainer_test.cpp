// Training as a function of plan, data and seed: repeated, resumed, stopped, it gives the same
// bytes.
#include "frontend/trainer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "frontend/progress.h"
#include "ir/op.h"
#include "tests/unit/small_model.h"

namespace weft {
namespace {

using test::small_corpus;
using test::small_plan;

class Recorder : public TrainObserver {
 public:
  void began(std::int64_t, std::size_t) override {}
  void stepped(std::int64_t, std::size_t, double) override {
    if (++steps == interrupt_after) stop = true;
  }
  void epoch_ended(const EpochReport& report) override { epochs.push_back(report); }

  std::vector<EpochReport> epochs;
  std::int64_t steps = 0;
  std::int64_t interrupt_after = -1;
  std::atomic<bool> stop{false};
};

struct Run {
  TrainOutcome outcome;
  Recorder recorder;
};

TrainOutcome run(Plan plan, TrainSettings settings, Recorder& recorder, bool validate = false) {
  Session session(std::move(plan), {.threads = 1, .train = true});
  const Dataset data = encode(small_corpus(), {}, session.encoder(), session.labels());
  return train(session, data, validate ? &data : nullptr, settings, recorder, &recorder.stop);
}

TrainOutcome run(Plan plan, TrainSettings settings) {
  Recorder recorder;
  return run(std::move(plan), settings, recorder);
}

TEST_CASE("training learns the texts, and what validation says is what the plan does") {
  Recorder recorder;
  const TrainOutcome outcome =
      run(small_plan(), {.epochs = 12, .batch = 8, .rate = 0.01}, recorder, true);
  REQUIRE(recorder.epochs.size() == 12);
  CHECK(recorder.epochs.back().train_loss < 0.5 * recorder.epochs.front().train_loss);
  const auto best = std::ranges::max_element(
      recorder.epochs, {}, [](const EpochReport& r) { return r.valid->metrics.accuracy; });
  CHECK(best->valid->metrics.accuracy > 0.95);
  CHECK(outcome.best_epoch == best->epoch);
  CHECK(outcome.plan.history.size() == 12);

  Session kept(outcome.plan, {.threads = 1});
  const Dataset data = encode(small_corpus(), {}, kept.encoder(), kept.labels());
  CHECK(evaluate(kept, data, std::nullopt).metrics.accuracy == best->valid->metrics.accuracy);
}

TEST_CASE("the same seed gives the same plan bytes, another seed other ones") {
  const TrainSettings settings{.epochs = 2, .batch = 8, .rate = 0.01, .seed = 3};
  const auto bytes = encode_plan(run(small_plan(), settings).plan);
  CHECK(bytes == encode_plan(run(small_plan(), settings).plan));
  TrainSettings other = settings;
  other.seed = 4;
  CHECK(bytes != encode_plan(run(small_plan(), other).plan));
}

TEST_CASE("two epochs and then one more are three epochs, bit for bit") {
  TrainSettings settings{.epochs = 3, .batch = 8, .rate = 0.01};
  const auto whole = encode_plan(run(small_plan(), settings).plan);
  settings.epochs = 2;
  const auto half = encode_plan(run(small_plan(), settings).plan);
  settings.epochs = 1;
  // The plan goes through a file's bytes, as it does between two runs of the program.
  CHECK(whole == encode_plan(run(decode_plan(half), settings).plan));
}

TEST_CASE("training stops early when validation gets no better") {
  Recorder recorder;
  const TrainOutcome outcome =
      run(small_plan(), {.epochs = 50, .batch = 8, .rate = 0.0, .patience = 3}, recorder, true);
  CHECK(outcome.stopped_early);
  CHECK(outcome.epochs == 4);
  CHECK(outcome.best_epoch == 1);
}

TEST_CASE("an interrupted run ends after its step with the last whole epoch") {
  Recorder recorder;
  recorder.interrupt_after = 12;  // 8 steps to an epoch
  const TrainSettings settings{.epochs = 3, .batch = 8, .rate = 0.01};
  const TrainOutcome outcome = run(small_plan(), settings, recorder);
  CHECK(outcome.interrupted);
  CHECK(outcome.epochs == 1);
  CHECK(recorder.steps == 12);
  CHECK(encode_plan(outcome.plan) ==
        encode_plan(run(small_plan(), {.epochs = 1, .batch = 8, .rate = 0.01}).plan));
}

TEST_CASE("a loss that is no number ends training with a remedy") {
  CHECK_THROWS_WITH_AS(run(small_plan(), {.epochs = 50, .batch = 8, .rate = 1e30}),
                       doctest::Contains("--rate"), Error);
}

TEST_CASE("labels the plan does not know are an error to train on and wrong to evaluate") {
  std::vector<Example> examples = {{"hot", {"summer"}, 1}, {"mild", {"spring"}, 2}};
  const Corpus corpus(examples);
  Session session(small_plan(), {.threads = 1, .train = true});
  const Dataset data = encode(corpus, {}, session.encoder(), session.labels());
  Recorder recorder;
  CHECK_THROWS_WITH_AS(train(session, data, nullptr, {}, recorder), doctest::Contains("spring"),
                       Error);
  CHECK(evaluate(session, data, std::nullopt).metrics.accuracy <= 0.5);
}

TEST_CASE("plans that cannot be built say why") {
  const auto build = [](std::string_view model, std::vector<Example> examples) {
    return build_plan(parse_model(model, "m.model"), {}, Corpus(examples), {});
  };
  CHECK_THROWS_WITH_AS(build(test::kSmallModel, {{"a", {"x"}, 1}, {"b", {"x"}, 2}}),
                       doctest::Contains("all examples have the label `x`"), Error);
  CHECK_THROWS_WITH_AS(build(test::kSmallModel, {{"a", {"x", "y"}, 1}, {"b", {"x"}, 2}}),
                       doctest::Contains("sigmoid(logits)"), Error);
}

TEST_CASE("balanced class weights raise what rare labels cost") {
  std::vector<Example> examples;
  for (std::size_t i = 0; i < 10; ++i) {
    examples.push_back({"w" + std::to_string(i), {i == 0 ? "rare" : "usual"}, i + 1});
  }
  const Plan plan = build_plan(parse_model(test::kSmallModel, "m"),
                               Overrides(std::vector<std::string>{"class_weights=balanced"}),
                               Corpus(examples), {});
  const auto nodes = plan.program("train")->nodes;
  const auto loss = std::ranges::find_if(
      nodes, [](const Node& node) { return node.op->name == "cross_entropy"; });
  REQUIRE(loss != nodes.end());
  const std::vector<double> weights = floats_attr(loss->attrs, "class_weights");
  REQUIRE(weights.size() == 2);
  CHECK(weights[0] == doctest::Approx(5.0));  // 10 / (2 * 1)
  CHECK(weights[1] == doctest::Approx(10.0 / 18));
}

TEST_CASE("batches give every example once an epoch, in an order of seed and epoch") {
  Session session(small_plan(), {.threads = 1});
  const Dataset data = encode(small_corpus(), {}, session.encoder(), session.labels());
  const auto epoch = [&](std::uint64_t seed, std::int64_t number, std::int64_t tokens) {
    Batches batches(data, 7, {50, tokens}, seed);
    batches.start(number);
    std::vector<std::vector<std::int32_t>> texts;
    while (batches.next()) {
      const PackedIds packed = batches.texts();
      CHECK(packed.size() <= 7);
      CHECK((static_cast<std::int64_t>(packed.ids.size()) <= tokens || packed.size() == 1));
      for (std::size_t i = 0; i < packed.size(); ++i) {
        texts.emplace_back(packed.ids.begin() + packed.offsets[i],
                           packed.ids.begin() + packed.offsets[i + 1]);
        texts.back().push_back(batches.labels().labels[i]);
      }
    }
    CHECK(batches.done() == data.size());
    return texts;
  };
  const auto first = epoch(1, 1, 1000);
  CHECK(first.size() == data.size());
  CHECK(first == epoch(1, 1, 1000));
  CHECK(first != epoch(1, 2, 1000));
  CHECK(first != epoch(2, 1, 1000));
  CHECK(epoch(1, 1, 12) == first);
  auto sorted = first;
  auto again = epoch(5, 9, 30);
  std::ranges::sort(sorted);
  std::ranges::sort(again);
  CHECK(sorted == again);
  CHECK(data.most_tokens(1) == 10);
  CHECK(data.most_tokens(1000) == static_cast<std::int64_t>(data.ids.size()));
}

TEST_CASE("durations read at a glance") {
  CHECK(duration(0.04) == "0.0s");
  CHECK(duration(9.94) == "9.9s");
  CHECK(duration(59.2) == "59s");
  CHECK(duration(200) == "3m20s");
  CHECK(duration(7500) == "2h05m");
}

}  // namespace
}  // namespace weft
