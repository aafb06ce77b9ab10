// Sessions against the interpreter, and against themselves: whatever else is asked, the same
// answer.
#include "runtime/session.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "frontend/train/plan_forms.h"
#include "ir/interpret.h"
#include "tests/support/interpreted_plan.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

using test::doubles;
using test::Interpreted;
using test::small_plan;

Bindings inputs_of(const PackedIds& texts) {
  Bindings inputs;
  inputs["ids"] = Tensor({static_cast<std::int64_t>(texts.ids.size())});
  inputs["ids"].data.assign(texts.ids.begin(), texts.ids.end());
  inputs["offsets"] = Tensor({static_cast<std::int64_t>(texts.offsets.size())});
  inputs["offsets"].data.assign(texts.offsets.begin(), texts.offsets.end());
  return inputs;
}

struct Encoded {
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> offsets{0};
  PackedIds packed() const { return {ids, offsets}; }
};

Encoded encoded(const Session& session, const std::vector<std::string_view>& texts) {
  Encoded out;
  TokenBuffer buffer;
  for (const std::string_view text : texts) {
    session.encoder().encode(text, buffer, out.ids);
    out.offsets.push_back(static_cast<std::int64_t>(out.ids.size()));
  }
  return out;
}

std::vector<std::string> many_texts(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text;
    for (std::size_t w = 0; w < i * 7 % 13; ++w) text += "w" + std::to_string((i * w) % 25) + " ";
    texts.push_back(i % 3 == 0 ? text + "hot" : text);
  }
  return texts;
}

const std::vector<std::string_view> kTexts = {"w1 w2 hot w3", "", "cold",
                                              "unseen words w4 w5 w6 w7"};

TEST_CASE("predictions are what the interpreter computes, from texts and from ids") {
  Session session(small_plan(), {.threads = 1});
  const Encoded ids = encoded(session, kTexts);
  const std::vector<Tensor> truth =
      Interpreted(session.plan()).run("predict", inputs_of(ids.packed()));
  const Graph& graph = *session.plan().program("predict");
  Predictions from_texts;
  Predictions from_ids;
  session.predict(kTexts, from_texts);
  session.predict_ids(ids.packed(), from_ids);
  REQUIRE(from_texts.size() == kTexts.size());
  REQUIRE(graph.results.size() == 2);
  for (std::size_t r = 0; r < 2; ++r) {
    const bool logits = graph[graph.results[r]].name == "logits";
    for (std::size_t i = 0; i < kTexts.size(); ++i) {
      const auto row = logits ? from_texts.logits(i) : from_texts.probabilities(i);
      const auto again = logits ? from_ids.logits(i) : from_ids.probabilities(i);
      REQUIRE(row.size() == 2);
      CHECK(std::ranges::equal(row, again));
      for (std::size_t c = 0; c < 2; ++c) {
        CHECK(row[c] == doctest::Approx(truth[r].data[i * 2 + c]).epsilon(1e-5));
      }
      const auto p = from_texts.probabilities(i);
      CHECK(from_texts.label(i) == (p[1] > p[0] ? 1 : 0));
    }
  }
}

TEST_CASE("a prediction is bit-identical alone, in company, and in a request cut into pieces") {
  Session session(small_plan(), {.threads = 2});
  const std::vector<std::string> texts = many_texts(1000);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  Predictions all;
  session.predict(views, all);
  REQUIRE(all.size() == views.size());
  Predictions one;
  for (std::size_t i = 0; i < views.size(); i += 17) {
    session.predict(std::span(views).subspan(i, 1), one);
    CHECK(std::ranges::equal(one.logits(0), all.logits(i)));
  }
  std::vector<std::string_view> backwards(views.rbegin(), views.rend());
  Predictions reversed;
  session.predict(backwards, reversed);
  for (std::size_t i = 0; i < views.size(); ++i) {
    CHECK(std::ranges::equal(reversed.logits(views.size() - 1 - i), all.logits(i)));
  }
  Session sibling = session.sibling();
  sibling.predict(views, reversed);
  CHECK(std::ranges::equal(reversed.logits(999), all.logits(999)));
}

TEST_CASE("words beyond max_tokens do not count, and no text at all is fine") {
  Session session(small_plan(), {.threads = 1});
  std::string text = "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12";
  const std::string longer = text + " hot hot hot";
  std::string huge;
  for (int i = 0; i < 100000; ++i) huge += "hot ";
  Predictions out;
  session.predict(std::vector<std::string_view>{text, longer, huge}, out);
  CHECK(std::ranges::equal(out.logits(0), out.logits(1)));
  CHECK(out.size() == 3);
  session.predict(std::span<const std::string_view>(), out);
  CHECK(out.size() == 0);
  session.predict_ids({}, out);
  CHECK(out.size() == 0);
}

TEST_CASE("ids and offsets from outside are checked") {
  Session session(small_plan(), {.threads = 1});
  Predictions out;
  const std::vector<std::int32_t> ids = {1, 2, 3};
  const auto run = [&](std::vector<std::int32_t> given, std::vector<std::int64_t> offsets) {
    session.predict_ids({given, offsets}, out);
  };
  CHECK_NOTHROW(run(ids, {0, 1, 3}));
  CHECK_THROWS_WITH_AS(run({1, 1000000, 3}, {0, 3}), doctest::Contains("vocabulary"), Error);
  CHECK_THROWS_AS(run({1, -1, 3}, {0, 3}), Error);
  CHECK_THROWS_AS(run(ids, {0, 4}), Error);
  CHECK_THROWS_AS(run(ids, {0, 2, 1}), Error);
  CHECK_THROWS_AS(run(ids, {-1, 2}), Error);
  CHECK_NOTHROW(run(ids, {0, 3}));
}

TEST_CASE("training steps are what the interpreter computes") {
  Session session(small_plan(), {.threads = 1, .train = true});
  const Plan before = session.snapshot();
  const Encoded ids = encoded(session, kTexts);
  const std::vector<std::int32_t> labels = {0, 1, 1, 0};
  Bindings inputs = inputs_of(ids.packed());
  inputs["labels"] = Tensor({4});
  inputs["labels"].data.assign(labels.begin(), labels.end());
  inputs["rate"] = Tensor(Extents{}, 0.01);
  Interpreted truth(before);
  for (int i = 0; i < 3; ++i) {
    const std::vector<Tensor> results = truth.run("train", inputs);
    const double loss = session.train_step(ids.packed(), {labels}, 0.01);
    CHECK(loss == doctest::Approx(results[0].data[0]).epsilon(1e-4));
  }
  truth.run("flush", {});
  const Plan after = session.snapshot();
  CHECK(after.tensors.size() > 5);
  for (const PlanTensor& trained : after.tensors) {
    CAPTURE(trained.name);
    const Tensor& tensor = truth.state.at(trained.name);
    const std::vector<double> found = doubles(trained);
    REQUIRE(found.size() == tensor.data.size());
    double worst = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      worst = std::max(worst, std::abs(found[i] - tensor.data[i]));
    }
    CHECK(worst < 2e-4);  // Adam divides gradients near 0 by their own size
  }
  CHECK(doubles(*before.tensor("step"))[0] == 0);
  CHECK(doubles(*after.tensor("step"))[0] == 3);
  CHECK(doubles(*before.tensor("a.conv1d.weight")) != doubles(*after.tensor("a.conv1d.weight")));
}

TEST_CASE("after a training step predictions use the new weights") {
  Session session(small_plan(), {.threads = 1, .train = true});
  Predictions before;
  Predictions after;
  Predictions loaded;
  session.predict(kTexts, before);
  const std::vector<std::int32_t> labels = {0, 1, 1, 0};
  for (int i = 0; i < 3; ++i) session.train_step(kTexts, {labels}, 0.01);
  session.predict(kTexts, after);
  CHECK(!std::ranges::equal(before.logits(0), after.logits(0)));
  Session(session.snapshot(), {.threads = 1}).predict(kTexts, loaded);
  CHECK(std::ranges::equal(loaded.logits(0), after.logits(0)));
}

TEST_CASE("training refuses what does not fit, and goes on") {
  Session session(small_plan(), {.threads = 1, .train = true});
  const auto step = [&](std::vector<std::int32_t> labels) {
    session.train_step(kTexts, {labels}, 0.01);
  };
  CHECK_THROWS_AS(step({0, 1, 1}), Error);
  CHECK_THROWS_AS(step({0, 1, 1, 2}), Error);
  CHECK_THROWS_AS(step({0, 1, 1, -1}), Error);
  const std::vector<std::string> texts = many_texts(9);  // the batch is 8
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::vector<std::int32_t> nine(9, 0);
  CHECK_THROWS_WITH_AS(session.train_step(views, {nine}, 0.01), doctest::Contains("capacity"),
                       Error);
  CHECK_THROWS_AS(session.train_step(PackedIds{}, {}, 0.01), Error);
  CHECK_NOTHROW(step({0, 1, 1, 0}));
  CHECK_THROWS_AS(session.sibling(), Error);
  Session reader(small_plan(), {.threads = 1});
  CHECK_THROWS_WITH_AS(reader.train_step(kTexts, {nine}, 0.01), doctest::Contains("only predicts"),
                       Error);
  CHECK_THROWS_WITH_AS(Session(predict_only(small_plan()), {.train = true}),
                       doctest::Contains("only predicts"), Error);
}

TEST_CASE("one logit tells two labels apart; several labels have independent probabilities") {
  constexpr std::string_view binary =
      "model m\nx = embedding(text, width=4) | mean_pool | linear(1)\noutput sigmoid(x)\n";
  Session two(small_plan(binary), {.threads = 1, .train = true});
  CHECK(two.plan().task == Task::single_label);
  const std::vector<std::int32_t> labels = {0, 1, 1, 0};
  const double first = two.train_step(kTexts, {labels}, 0.1);
  double last = first;
  for (int i = 0; i < 200; ++i) last = two.train_step(kTexts, {labels}, 0.1);
  CHECK(last < 0.5 * first);
  Predictions out;
  two.predict(kTexts, out);
  CHECK(out.logits(0).size() == 1);
  CHECK(out.label(0) == 0);
  CHECK(out.label(2) == 1);
  CHECK(out.probabilities(0)[0] + out.probabilities(0)[1] == doctest::Approx(1.0));

  constexpr std::string_view tags =
      "model m\nx = embedding(text, width=4) | mean_pool | linear(labels)\noutput sigmoid(x)\n";
  Session several(small_plan(tags), {.threads = 1, .train = true});
  CHECK(several.plan().task == Task::multi_label);
  const std::vector<std::int32_t> sets = {0, 0, 1, 1};  // {0}, {}, {0, 1}, {1}
  const std::vector<std::int64_t> ends = {0, 1, 1, 3, 4};
  for (int i = 0; i < 300; ++i) several.train_step(kTexts, {sets, ends}, 0.1);
  several.predict(kTexts, out);
  const std::vector<std::vector<bool>> wanted = {
      {true, false}, {false, false}, {true, true}, {false, true}};
  for (std::size_t i : {std::size_t{0}, std::size_t{2}, std::size_t{3}}) {
    for (std::size_t c = 0; c < 2; ++c) CHECK((out.probabilities(i)[c] > 0.5F) == wanted[i][c]);
  }
}

// The weights are finite, but the logits overflow, and softmax of infinities is no number.
TEST_CASE("session: answers that are no numbers are refused") {
  std::string nine_labels = "model m\nx = embedding(text, width=4) | mean_pool | linear(labels)\n";
  std::vector<Example> examples;
  for (int i = 0; i < 36; ++i) examples.push_back({"hot", {"label" + std::to_string(i % 9)}});
  Plan plan =
      build_plan(parse_description(nine_labels + "output softmax(x)\n"), {}, Corpus(examples));
  for (PlanTensor& tensor : plan.tensors) {
    if (tensor.role != Role::param) continue;
    const auto large = std::make_shared<AlignedBytes>(tensor.bytes.size());
    const std::span numbers(reinterpret_cast<float*>(large->data()), large->size() / sizeof(float));
    std::ranges::fill(numbers, 3e38F);
    tensor.bytes = large->span();
    tensor.owner = large;
  }
  Session session(std::move(plan), {.threads = 1});
  Predictions out;
  CHECK_THROWS_AS(session.predict(std::vector<std::string_view>{"hot"}, out), NoNumber);
}

}  // namespace
}  // namespace weft
