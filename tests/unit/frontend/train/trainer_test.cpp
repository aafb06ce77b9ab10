// Training as a function of plan, data and seed: repeated, resumed, stopped, it gives the same
// bytes.
#include "frontend/train/trainer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "frontend/report/progress.h"
#include "frontend/train/calibrate.h"
#include "ir/op.h"
#include "tests/support/training_run.h"

namespace weft {
namespace {

using test::Recorder;
using test::run;
using test::small_corpus;
using test::small_plan;

TEST_CASE("training learns the texts, and what validation says is what the plan does") {
  Recorder recorder;
  const FitResult outcome =
      run(small_plan(), {.epochs = 12, .batch = 8, .learning_rate = 0.01}, recorder, true);
  REQUIRE(recorder.epochs.size() == 12);
  CHECK(recorder.epochs.back().train_loss < 0.5 * recorder.epochs.front().train_loss);
  const auto best = std::ranges::max_element(
      recorder.epochs, {}, [](const EpochReport& r) { return score(*r.valid, BestBy::automatic); });
  CHECK(best->valid->metrics.accuracy > 0.95);
  CHECK(outcome.best_epoch == best->epoch);
  CHECK(outcome.plan.history.size() == 12);

  Session kept(outcome.plan, {.threads = 1});
  const Dataset data = encode(small_corpus(), kept.encoder(), kept.labels());
  CHECK(evaluate(kept, data, std::nullopt).metrics.accuracy == best->valid->metrics.accuracy);
}

TEST_CASE("the same seed gives the same plan bytes, another seed other ones") {
  const TrainSettings settings{.epochs = 2, .batch = 8, .learning_rate = 0.01, .seed = 3};
  const auto bytes = encode_plan(run(small_plan(), settings).plan);
  CHECK(bytes == encode_plan(run(small_plan(), settings).plan));
  TrainSettings other = settings;
  other.seed = 4;
  CHECK(bytes != encode_plan(run(small_plan(), other).plan));
}

TEST_CASE("two epochs and then one more are three epochs, bit for bit") {
  TrainSettings settings{.epochs = 3, .batch = 8, .learning_rate = 0.01};
  const auto whole = encode_plan(run(small_plan(), settings).plan);
  settings.epochs = 2;
  const auto half = encode_plan(run(small_plan(), settings).plan);
  settings.epochs = 1;
  // The plan goes through a file's bytes, as it does between two runs of the program.
  CHECK(whole == encode_plan(run(decode_plan(half), settings).plan));
}

TEST_CASE("training stops early when validation gets no better") {
  Recorder recorder;
  const FitResult outcome =
      run(small_plan(), {.epochs = 50, .batch = 8, .learning_rate = 0.0, .patience = 3}, recorder,
          true);
  CHECK(outcome.stopped_early);
  CHECK(outcome.epochs == 4);
  CHECK(outcome.best_epoch == 1);
}

TEST_CASE("a plan that goes on learning is kept as it was where no epoch is better") {
  const Plan start =
      run(small_plan(), {.epochs = 12, .batch = 8, .learning_rate = 0.01}, true).plan;
  const auto weights = [](const Plan& plan) {
    std::vector<std::vector<std::byte>> all;
    for (const PlanTensor& t : plan.tensors) all.emplace_back(t.bytes.begin(), t.bytes.end());
    return all;
  };
  const TrainSettings idle{.epochs = 2, .batch = 8, .learning_rate = 0.0, .metric = BestBy::loss};
  const FitResult kept = run(start, idle, true);
  CHECK(kept.best_epoch == 0);
  CHECK(weights(kept.plan) == weights(start));
  CHECK(kept.plan.history.size() == start.history.size() + 2);

  // Without validation there is no telling, and a plan without a history has learnt nothing.
  CHECK(weights(run(start, idle).plan) != weights(start));
  CHECK(run(small_plan(), idle, true).best_epoch > 0);
  const TrainSettings useful{
      .epochs = 3, .batch = 8, .learning_rate = 0.01, .metric = BestBy::loss};
  CHECK(run(start, useful, true).best_epoch > 12);
}

// The epochs that the history says are kept.
std::vector<std::int64_t> marked(const Plan& plan) {
  std::vector<std::int64_t> epochs;
  for (const HistoryEntry& entry : plan.history) {
    if (entry.kept) epochs.push_back(entry.epoch);
  }
  return epochs;
}

TEST_CASE("the history says which epochs are kept, where validation chose") {
  using Epochs = std::vector<std::int64_t>;
  TrainSettings settings{.epochs = 6, .batch = 8, .learning_rate = 0.01, .metric = BestBy::loss};
  const FitResult first = run(small_plan(), settings, true);
  CHECK(marked(first.plan) == Epochs{first.best_epoch});
  const FitResult second = run(first.plan, settings, true);
  CHECK(marked(second.plan) ==
        Epochs{second.best_epoch == 0 ? first.best_epoch : second.best_epoch});
  CHECK(marked(run(first.plan, settings).plan).empty());
  settings.learning_rate = 0;
  CHECK(marked(run(first.plan, settings, true).plan) == marked(first.plan));
  settings.average = 3;  // all epochs are alike, and of equals the mean is taken
  CHECK(marked(run(small_plan(), settings, true).plan) == Epochs{4, 5, 6});
}

TEST_CASE("an interrupted run ends after its step with the last whole epoch") {
  Recorder recorder;
  recorder.interrupt_after = 12;  // 8 steps to an epoch
  const TrainSettings settings{.epochs = 3, .batch = 8, .learning_rate = 0.01};
  const FitResult outcome = run(small_plan(), settings, recorder);
  CHECK(outcome.interrupted);
  CHECK(outcome.epochs == 1);
  CHECK(recorder.steps == 12);
  CHECK(encode_plan(outcome.plan) ==
        encode_plan(run(small_plan(), {.epochs = 1, .batch = 8, .learning_rate = 0.01}).plan));
}

TEST_CASE("the rate follows its schedule, and the history says so") {
  Recorder recorder;
  TrainSettings settings{.epochs = 4, .batch = 8, .learning_rate = 0.01};
  settings.schedule = {.shape = ScheduleShape::linear, .warmup = 4};
  const FitResult outcome = run(small_plan(), settings, recorder, true);
  REQUIRE(outcome.plan.history.size() == 4);
  for (std::size_t epoch = 0; epoch < 4; ++epoch) {
    // 8 steps an epoch, the last of 4 texts: it begins after 56 of 60; the warm-up takes 32.
    const double before = 60.0 * static_cast<double>(epoch) + 56;
    const HistoryEntry& entry = outcome.plan.history[epoch];
    CHECK(entry.learning_rate == doctest::Approx(0.01 * (1 - (before - 32) / (240 - 32))));
    CHECK(recorder.epochs[epoch].learning_rate == entry.learning_rate);
    REQUIRE(entry.metrics.size() >= 3);
    CHECK(entry.metrics[2].first == "loss");
    CHECK(entry.metrics[2].second == recorder.epochs[epoch].valid->loss);
  }
}

// One step to an epoch: the loss before it is finite. After it the weights are not, or their
// products are not.
TEST_CASE("an epoch that ends with weights or answers that are no numbers has failed") {
  std::string model(test::kSmallModel);
  model.replace(model.find("adam(rate=0.01)"), 15, "sgd(rate=1, weight_decay=1000)");
  const std::vector<std::string> whole{"train.batch=60"};
  for (const double rate : {3e38, 1e20}) {
    for (const bool validate : {false, true}) {
      CAPTURE(rate);
      const TrainSettings settings{.epochs = 1, .batch = 60, .learning_rate = rate};
      CHECK_THROWS_AS(run(small_plan(model, whole), settings, validate), TrainingFailed);
    }
  }
}

TEST_CASE("answers that are no numbers are refused") {
  Plan plan = small_plan();
  std::vector<float> nothing(48, std::nanf(""));
  for (PlanTensor& tensor : plan.tensors) {
    const auto bytes = std::as_bytes(std::span(nothing));
    if (tensor.role == Role::param && tensor.bytes.size() <= bytes.size()) {
      tensor.bytes = bytes.first(tensor.bytes.size());
    }
  }
  Session session(plan, {.threads = 1});
  const Dataset data = encode(small_corpus(), session.encoder(), session.labels());
  CHECK_THROWS_AS(evaluate(session, data, std::nullopt), NoNumber);
  CHECK_THROWS_AS(answer(session, data), NoNumber);
}

TEST_CASE("the validation loss is the mean of -log p") {
  Session session(small_plan(), {.threads = 1});
  const Dataset data = encode(small_corpus(), session.encoder(), session.labels());
  Predictions predictions;
  session.predict_ids(data.texts(), predictions);
  double sum = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto label = static_cast<std::size_t>(data.labels[i]);
    sum -= std::log(static_cast<double>(predictions.probabilities(i)[label]));
  }
  const Evaluation evaluation = evaluate(session, data, std::nullopt);
  CHECK(*evaluation.loss == doctest::Approx(sum / static_cast<double>(data.size())));
  CHECK(score(evaluation, BestBy::loss) == -*evaluation.loss);
  CHECK(score(evaluation, BestBy::accuracy) == evaluation.metrics.accuracy);
  CHECK(score(evaluation, BestBy::macro_f1) == evaluation.metrics.macro.f1);
}

TEST_CASE("the score by default counts rare labels, and the loss where texts are few") {
  Evaluation few;
  few.metrics.examples = 25;
  few.metrics.accuracy = 0.8;
  few.metrics.macro.f1 = 0.6;
  few.metrics.micro.f1 = 0.9;
  few.loss = 0.5;
  CHECK(score(few, BestBy::automatic) == doctest::Approx(0.7 - 0.05));
  CHECK(std::isinf(chance_of_best(few, BestBy::automatic, 9)));
  CHECK(chance_of_best(few, BestBy::loss, 9) == 0);
  Evaluation many = few;
  many.metrics.examples = 250000;
  CHECK(score(many, BestBy::automatic) == doctest::Approx(0.7 - 0.0005));
  // An error of 0.8 / 1000, times sqrt(ln(epochs) / 2).
  CHECK(chance_of_best(many, BestBy::automatic, 8) ==
        doctest::Approx(0.0008 * std::sqrt(std::log(8) / 2)).epsilon(0.001));
  CHECK(chance_of_best(many, BestBy::automatic, 1) == chance_of_best(many, BestBy::automatic, 2));
  CHECK(chance_of_best(many, BestBy::accuracy, 8) == 0);
  few.metrics.multi_label = true;
  CHECK(score(few, BestBy::automatic) == doctest::Approx(0.9 - 0.05));
  CHECK(score(few, BestBy::micro_f1) == 0.9);
  CHECK(shown_measure(BestBy::automatic, true) == BestBy::micro_f1);
  CHECK(shown_measure(BestBy::automatic, false) == BestBy::accuracy);
  CHECK(shown_measure(BestBy::loss, true) == BestBy::loss);
  // Two epochs right in as many texts: the surer one is better.
  Evaluation surer = many;
  surer.loss = 0.4;
  CHECK(score(surer, BestBy::automatic) > score(many, BestBy::automatic));
}

TEST_CASE("the best epoch is the best by the metric named") {
  for (const BestBy metric :
       {BestBy::automatic, BestBy::accuracy, BestBy::macro_f1, BestBy::loss}) {
    Recorder recorder;
    const TrainSettings settings{.epochs = 6, .batch = 8, .learning_rate = 0.05, .metric = metric};
    const FitResult outcome = run(small_plan(), settings, recorder, true);
    const auto best = std::ranges::max_element(
        recorder.epochs, {}, [&](const EpochReport& r) { return score(*r.valid, metric); });
    CHECK(outcome.best_epoch == best->epoch);
  }
}

std::span<const float> floats(const PlanTensor& tensor) {
  return {reinterpret_cast<const float*>(tensor.bytes.data()), tensor.bytes.size() / 4};
}

TEST_CASE("averaging keeps the mean of the weights at the ends of the last epochs") {
  std::vector<Plan> ends;
  for (const std::int64_t epochs : {2, 3, 4}) {
    ends.push_back(run(small_plan(), {.epochs = epochs, .batch = 8, .learning_rate = 0.01}).plan);
  }
  const FitResult outcome =
      run(small_plan(), {.epochs = 4, .batch = 8, .learning_rate = 0.01, .average = 3});
  CHECK(outcome.averaged == 3);
  for (const PlanTensor& tensor : outcome.plan.tensors) {
    CAPTURE(tensor.name);
    if (tensor.role != Role::param) {
      CHECK(std::ranges::equal(tensor.bytes, ends[2].tensor(tensor.name)->bytes));
      continue;
    }
    const auto mean = floats(tensor);
    for (std::size_t i = 0; i < mean.size(); ++i) {
      double sum = 0;
      for (const Plan& end : ends) sum += static_cast<double>(floats(*end.tensor(tensor.name))[i]);
      REQUIRE(mean[i] == static_cast<float>(sum / 3));
    }
  }
  // Averaging fewer epochs than asked for, where there are fewer; none changes nothing.
  CHECK(run(small_plan(), {.epochs = 2, .batch = 8, .average = 5}).averaged == 2);
  CHECK(run(small_plan(), {.epochs = 2, .batch = 8}).averaged == 0);
}

TEST_CASE("validation chooses between the best epoch and the mean") {
  Recorder recorder;
  const TrainSettings settings{
      .epochs = 8, .batch = 8, .learning_rate = 0.05, .metric = BestBy::loss, .average = 8};
  const FitResult outcome = run(small_plan(), settings, recorder, true);
  Session kept(outcome.plan, {.threads = 1});
  const Dataset data = encode(small_corpus(), kept.encoder(), kept.labels());
  const double reached = *evaluate(kept, data, std::nullopt).loss;
  double best = *recorder.epochs.front().valid->loss;
  for (const EpochReport& report : recorder.epochs) best = std::min(best, *report.valid->loss);
  if (outcome.averaged > 0) {
    CHECK(reached <= best);
  } else {
    CHECK(reached == best);
  }
}

TEST_CASE("the mean is kept unless the best epoch is better than chance can explain") {
  int kept = 0;
  for (const double rate : {0.01, 0.05, 0.3}) {
    Recorder recorder;
    const TrainSettings settings{.epochs = 8, .batch = 8, .learning_rate = rate, .average = 4};
    const FitResult outcome = run(small_plan(), settings, recorder, true);
    const FitResult mean = run(small_plan(), settings);  // without validation: the mean
    Session averaged(mean.plan, {.threads = 1});
    const Dataset data = encode(small_corpus(), averaged.encoder(), averaged.labels());
    const Evaluation reached = evaluate(averaged, data, std::nullopt);
    double best = -1e9;
    for (const EpochReport& report : recorder.epochs) {
      best = std::max(best, score(*report.valid, BestBy::automatic));
    }
    const double chance = chance_of_best(reached, BestBy::automatic, settings.epochs);
    CHECK((outcome.averaged > 0) == (score(reached, BestBy::automatic) + chance >= best));
    kept += outcome.averaged > 0;
  }
  CHECK(kept > 0);
}

TEST_CASE("a loss that is no number ends training with a remedy") {
  CHECK_THROWS_WITH_AS(run(small_plan(), {.epochs = 50, .batch = 8, .learning_rate = 1e30}),
                       doctest::Contains("--rate"), Error);
}

TEST_CASE("labels the plan does not know are an error to train on and wrong to evaluate") {
  std::vector<Example> examples = {{"hot", {"summer"}, 1}, {"mild", {"spring"}, 2}};
  const Corpus corpus(examples);
  Session session(small_plan(), {.threads = 1, .train = true});
  const Dataset data = encode(corpus, session.encoder(), session.labels());
  Recorder recorder;
  CHECK_THROWS_WITH_AS(train(session, data, nullptr, {}, recorder), doctest::Contains("spring"),
                       Error);
  CHECK(evaluate(session, data, std::nullopt).metrics.accuracy <= 0.5);
}

TEST_CASE("plans that cannot be built say why") {
  const auto build = [](std::string_view model, std::vector<Example> examples) {
    return build_plan(parse_description(model, "m.model"), {}, Corpus(examples));
  };
  CHECK_THROWS_WITH_AS(build(test::kSmallModel, {{"a", {}, 1}, {"b", {}, 2}}),
                       doctest::Contains("no example has a label"), Error);
  CHECK_THROWS_WITH_AS(build(test::kSmallModel, {{"a", {"x", "y"}, 1}, {"b", {"x"}, 2}}),
                       doctest::Contains("sigmoid(logits)"), Error);
}

TEST_CASE("one label, one text: a plan that is certain of it, for any text") {
  const Corpus corpus(std::vector<Example>{{"hot day", {"summer"}, 1}});
  Session session(build_plan(parse_description(test::kSmallModel, "m.model"), {}, corpus),
                  {.threads = 1, .train = true});
  const Dataset data = encode(corpus, session.encoder(), session.labels());
  Recorder recorder;
  FitResult outcome = train(session, data, &data, {.epochs = 2}, recorder);
  CHECK(recorder.epochs.back().train_loss == 0);
  CHECK(recorder.epochs.back().valid->loss == 0);
  for (const double temperature : {1.0, 2.0}) {
    outcome.plan.temperature = temperature;
    Session trained(outcome.plan, {.threads = 1});
    Predictions said;
    trained.predict(std::array<std::string_view, 2>{"hot day", ""}, said);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(said.label(i) == 0);
      CHECK(said.probabilities(i).size() == 1);
      CHECK(said.probabilities(i)[0] == 1.0F);
    }
  }
  CHECK_THROWS_WITH_AS(answer(session, data), doctest::Contains("knows one label, `summer`"),
                       Error);
}

TEST_CASE("balanced class weights raise what rare labels cost") {
  std::vector<Example> examples;
  for (std::size_t i = 0; i < 10; ++i) {
    examples.push_back({"w" + std::to_string(i), {i == 0 ? "rare" : "usual"}, i + 1});
  }
  const Plan plan =
      build_plan(parse_description(test::kSmallModel, "m"),
                 Overrides(std::vector<std::string>{"class_weights=balanced"}), Corpus(examples));
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
  const Dataset data = encode(small_corpus(), session.encoder(), session.labels());
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
  CHECK(data.max_tokens(1) == 10);
  CHECK(data.max_tokens(1000) == static_cast<std::int64_t>(data.ids.size()));
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
