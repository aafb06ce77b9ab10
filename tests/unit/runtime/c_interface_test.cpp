// The C interface against the C++ one: the same answers and the same training; misuse is a status.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ir/file.h"
#include "ir/op.h"
#include "runtime/session.h"
#include "runtime/weft.h"
#include "tests/support/small_model.h"
#include "tests/support/tags_model.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

const std::array<const char*, 3> kTexts{"w1 hot w2", "", "cold w3 w4 w5"};

TEST_CASE("C gets the answers that C++ gets, and trains the same") {
  const TemporaryFile file("c.plan", ""), learnt("learnt.plan", "");
  save_plan(test::small_plan(), file.path());
  Session session = Session::load(file.path(), {.threads = 1, .train = true});
  weft_session* c = weft_load(file.path().c_str(), 1, 1);
  REQUIRE(c != nullptr);
  CHECK(weft_label_count(c) == 2);
  CHECK(std::string_view(weft_label(c, 1)) == session.labels()[1]);
  CHECK(weft_train_capacity(c) == 8);

  const auto same_answers = [&] {
    const std::vector<std::string_view> texts(kTexts.begin(), kTexts.end());
    Predictions wanted;
    session.predict(texts, wanted);
    std::array<std::int32_t, 3> labels{};
    std::array<float, 6> probabilities{};
    REQUIRE(weft_predict(c, kTexts.data(), nullptr, 3, labels.data(), probabilities.data()) ==
            WEFT_OK);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(static_cast<std::size_t>(labels[i]) == wanted.label(i));
      CHECK(probabilities[2 * i] == wanted.probabilities(i)[0]);
      CHECK(probabilities[2 * i + 1] == wanted.probabilities(i)[1]);
    }
  };
  same_answers();
  const std::array<std::int32_t, 2> labels{0, 1};
  const std::array<std::size_t, 2> lengths{6, 0};  // "w1 hot", ""
  double loss = 0;
  const std::vector<std::string_view> texts{"w1 hot", ""};
  const double wanted = session.train_step(texts, {labels}, 0.01);
  REQUIRE(weft_train_step(c, kTexts.data(), lengths.data(), 2, labels.data(), 0.01, &loss) ==
          WEFT_OK);
  CHECK(loss == wanted);
  same_answers();
  REQUIRE(weft_save(c, learnt.path().c_str()) == WEFT_OK);
  CHECK(encode_plan(load_plan(learnt.path())) == encode_plan(session.snapshot()));
  weft_free(c);
}

TEST_CASE("C is told what is wrong") {
  const TemporaryFile file("c.plan", "");
  save_plan(test::small_plan(), file.path());
  const auto said = [](std::string_view part) {
    CHECK_MESSAGE(std::string_view(weft_error()).find(part) != std::string_view::npos,
                  std::string(weft_error()));
  };
  CHECK(weft_load("gone.plan", 1, 0) == nullptr);
  said("gone.plan: cannot be opened");
  CHECK(weft_load(nullptr, 1, 0) == nullptr);
  said("no path");
  weft_session* c = weft_load(file.path().c_str(), 1, 0);
  REQUIRE(c != nullptr);
  std::int32_t label = -1;
  CHECK(weft_predict(nullptr, kTexts.data(), nullptr, 1, &label, nullptr) == WEFT_BAD_ARGUMENT);
  CHECK(weft_predict(c, nullptr, nullptr, 1, &label, nullptr) == WEFT_BAD_ARGUMENT);
  CHECK(weft_predict(c, kTexts.data(), nullptr, 1, nullptr, nullptr) == WEFT_BAD_ARGUMENT);
  const char* const null = nullptr;
  CHECK(weft_predict(c, &null, nullptr, 1, &label, nullptr) == WEFT_BAD_ARGUMENT);
  said("texts[0] is null");
  CHECK(weft_predict(c, nullptr, nullptr, 0, nullptr, nullptr) == WEFT_OK);
  CHECK(weft_train_step(c, kTexts.data(), nullptr, 1, &label, 0.1, nullptr) == WEFT_FAILED);
  said("only predicts");
  CHECK(weft_predict_pairs(c, kTexts.data(), nullptr, nullptr, nullptr, 1, &label, nullptr) ==
        WEFT_BAD_ARGUMENT);
  const std::array<const char*, 1> none{nullptr};
  CHECK(weft_predict_pairs(c, kTexts.data(), nullptr, none.data(), nullptr, 1, &label, nullptr) ==
        WEFT_BAD_ARGUMENT);
  CHECK(weft_predict_pairs(c, kTexts.data(), nullptr, kTexts.data(), nullptr, 1, &label, nullptr) ==
        WEFT_FAILED);
  said("reads one text");
  CHECK(weft_train_capacity(c) == 0);
  CHECK(weft_label(c, 2) == nullptr);
  CHECK(weft_label(c, -1) == nullptr);
  CHECK(weft_save(c, "/nowhere/x.plan") == WEFT_FAILED);
  weft_session* second = weft_sibling(c);
  REQUIRE(second != nullptr);
  weft_free(c);
  CHECK(weft_predict(second, kTexts.data(), nullptr, 1, &label, nullptr) == WEFT_OK);
  weft_free(second);
  weft_free(nullptr);
}

TEST_CASE("several labels a text: C trains the same, and gives those from the threshold on") {
  const TemporaryFile file("tags.plan", "");
  save_plan(test::tags_plan(), file.path());
  Session session = Session::load(file.path(), {.threads = 1, .train = true});
  weft_session* c = weft_load(file.path().c_str(), 1, 1);
  REQUIRE(c != nullptr);
  CHECK(weft_plan_task(c) == WEFT_MANY_LABELS);
  CHECK(weft_threshold(c) == session.plan().threshold);
  CHECK(weft_description(c) == session.plan().description);
  CHECK(weft_train_token_capacity(c) == static_cast<std::size_t>(session.train_capacity().tokens));
  const std::array<const char*, 4> texts{"w1 hot wet", "w2", "far w3", "wet"};
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::array<std::int32_t, 4> labels{0, 1, 2, 1};
  const std::array<std::int64_t, 5> offsets{0, 2, 2, 3, 4};
  for (int step = 0; step < 60; ++step) {
    double loss = 0;
    const double wanted = session.train_step(views, {labels, offsets}, 0.05);
    REQUIRE(weft_train_step_labels(c, texts.data(), nullptr, 4, labels.data(), offsets.data(), 0.05,
                                   &loss) == WEFT_OK);
    REQUIRE(loss == wanted);
  }
  Predictions wanted;
  session.predict(views, wanted);
  std::array<std::size_t, 4> counts{};
  std::array<std::int32_t, 12> given{};
  std::array<float, 12> probabilities{}, top{}, logits{};
  REQUIRE(weft_classify(c, texts.data(), nullptr, 4, counts.data(), given.data(),
                        probabilities.data()) == WEFT_OK);
  std::array<std::int32_t, 12> order{};
  REQUIRE(weft_predict_top(c, texts.data(), nullptr, 4, 3, order.data(), top.data()) == WEFT_OK);
  CHECK(weft_logit_count(c) == 3);
  REQUIRE(weft_predict_logits(c, texts.data(), nullptr, 4, logits.data()) == WEFT_OK);
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    const auto p = wanted.probabilities(i);
    std::size_t above = 0;
    for (const float x : p) above += static_cast<double>(x) >= session.plan().threshold;
    CHECK(counts[i] == above);
    CHECK(counts[i] == static_cast<std::size_t>(offsets[i + 1] - offsets[i]));  // it has learnt
    for (std::size_t n = 0; n < 3; ++n) {
      CHECK(top[3 * i + n] == p[static_cast<std::size_t>(order[3 * i + n])]);
      if (n > 0) CHECK(top[3 * i + n] <= top[3 * i + n - 1]);
      CHECK(logits[3 * i + n] == wanted.logits(i)[n]);
      if (n >= counts[i]) continue;
      CHECK(given[3 * i + n] == order[3 * i + n]);
      CHECK(probabilities[3 * i + n] == top[3 * i + n]);
    }
  }
  void* bytes = nullptr;
  std::size_t size = 0;
  REQUIRE(weft_save_memory(c, &bytes, &size) == WEFT_OK);
  const std::vector<std::byte> saved = encode_plan(session.snapshot());
  REQUIRE(size == saved.size());
  CHECK(std::memcmp(bytes, saved.data(), size) == 0);
  weft_free_bytes(bytes);
  weft_free_bytes(nullptr);

  const std::array<std::int64_t, 3> falling{0, 2, 1};
  CHECK(weft_train_step_labels(c, texts.data(), nullptr, 2, labels.data(), falling.data(), 0.1,
                               nullptr) == WEFT_BAD_ARGUMENT);
  CHECK(weft_train_step_labels(c, texts.data(), nullptr, 2, labels.data(), nullptr, 0.1, nullptr) ==
        WEFT_BAD_ARGUMENT);
  for (const std::size_t k : {std::size_t{0}, std::size_t{4}}) {
    CHECK(weft_predict_top(c, texts.data(), nullptr, 4, k, order.data(), nullptr) ==
          WEFT_BAD_ARGUMENT);
  }
  CHECK(weft_classify(c, texts.data(), nullptr, 4, nullptr, given.data(), nullptr) ==
        WEFT_BAD_ARGUMENT);
  CHECK(weft_save_memory(c, nullptr, &size) == WEFT_BAD_ARGUMENT);
  weft_free(c);
}

TEST_CASE("C gives a label of just the threshold's probability, and none a bit below it") {
  Plan plan = test::tags_plan();
  const char* const text = "w1 hot wet";
  std::array<float, 3> probabilities{};
  for (const bool above : {false, true}) {
    const std::vector<std::byte> bytes = encode_plan(plan);
    weft_session* c = weft_load_memory(bytes.data(), bytes.size(), 1, 0);
    REQUIRE(c != nullptr);
    std::array<std::int32_t, 3> labels{};
    REQUIRE(weft_predict(c, &text, nullptr, 1, labels.data(), probabilities.data()) == WEFT_OK);
    const auto highest = static_cast<double>(std::ranges::max(probabilities));
    weft_free(c);
    plan.threshold = above ? highest + 1e-12 : highest;  // the same number as a float
    const std::vector<std::byte> changed = encode_plan(plan);
    c = weft_load_memory(changed.data(), changed.size(), 1, 0);
    REQUIRE(c != nullptr);
    std::size_t count = 9;
    REQUIRE(weft_classify(c, &text, nullptr, 1, &count, labels.data(), nullptr) == WEFT_OK);
    CHECK(count == (above ? 0 : 1));
    weft_free(c);
  }
}

TEST_CASE("C: one label a text, tokens, version, and what is asked of no session") {
  const TemporaryFile file("small.plan", "");
  save_plan(test::small_plan(), file.path());
  weft_session* c = weft_load(file.path().c_str(), 1, 0);
  REQUIRE(c != nullptr);
  CHECK(weft_plan_task(c) == WEFT_ONE_LABEL);
  std::array<std::size_t, 3> counts{};
  std::array<std::int32_t, 6> given{};
  std::array<std::int32_t, 3> labels{}, top{};
  REQUIRE(weft_classify(c, kTexts.data(), nullptr, 3, counts.data(), given.data(), nullptr) ==
          WEFT_OK);
  REQUIRE(weft_predict(c, kTexts.data(), nullptr, 3, labels.data(), nullptr) == WEFT_OK);
  REQUIRE(weft_predict_top(c, kTexts.data(), nullptr, 3, 1, top.data(), nullptr) == WEFT_OK);
  CHECK(top == labels);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(counts[i] == 1);
    CHECK(given[2 * i] == labels[i]);
  }
  CHECK(weft_token_count(c, "w1 hot w2", 9) == 3);
  CHECK(weft_token_count(c, "w1 hot w2", 2) == 1);
  CHECK(weft_token_count(c, "a a a a a a a a a a a a a a a a", 31) == 12);  // max_tokens
  CHECK(weft_token_count(c, nullptr, 2) == static_cast<std::size_t>(-1));
  CHECK(std::string_view(weft_version()).find('.') != std::string_view::npos);
  CHECK(weft_train_token_capacity(c) == 0);
  weft_free(c);
  CHECK(weft_label_count(nullptr) == 0);
  CHECK(weft_logit_count(nullptr) == 0);
  CHECK(weft_description(nullptr) == nullptr);
  CHECK(weft_threshold(nullptr) == 0);
}

TEST_CASE("a plan in memory answers as its file does, and outlives the bytes it was given") {
  const TemporaryFile file("small.plan", "");
  save_plan(test::small_plan(), file.path());
  weft_session* of_file = weft_load(file.path().c_str(), 1, 0);
  std::string bytes = "x" + read_text_file(file.path());  // aligned to nothing
  weft_session* of_memory = weft_load_memory(bytes.data() + 1, bytes.size() - 1, 1, 0);
  REQUIRE(of_file != nullptr);
  REQUIRE(of_memory != nullptr);
  bytes.assign(bytes.size(), '\0');
  std::array<std::int32_t, 3> labels{};
  std::array<float, 6> expected{}, found{};
  CHECK(weft_predict(of_file, kTexts.data(), nullptr, 3, labels.data(), expected.data()) ==
        WEFT_OK);
  CHECK(weft_predict(of_memory, kTexts.data(), nullptr, 3, labels.data(), found.data()) == WEFT_OK);
  CHECK(found == expected);
  weft_free(of_file);
  weft_free(of_memory);
  CHECK(weft_load_memory(nullptr, 0, 1, 0) == nullptr);
  CHECK(weft_load_memory("no plan", 7, 1, 0) == nullptr);
  CHECK(std::string_view(weft_error()).starts_with("the plan in memory: "));
}

TEST_CASE("the C interface neither learns from nor saves what is no number") {
  const TemporaryFile file("small.plan", "");
  save_plan(test::small_plan(), file.path());
  const std::string before = read_text_file(file.path());
  weft_session* c = weft_load(file.path().c_str(), 1, 1);
  REQUIRE(c != nullptr);
  const std::array<std::int32_t, 2> labels{0, 1};
  const auto step = [&](double rate) {
    return weft_train_step(c, kTexts.data(), nullptr, 2, labels.data(), rate, nullptr);
  };
  for (const double rate : {double{NAN}, double{INFINITY}, -0.1, 1e300}) {
    CHECK(step(rate) == WEFT_FAILED);
    CHECK(std::string_view(weft_error()).starts_with("the learning rate is "));
  }
  REQUIRE(weft_save(c, file.path().c_str()) == WEFT_OK);  // no step was made
  CHECK(read_text_file(file.path()) == before);
  for (int i = 0; i < 20 && step(3e38) == WEFT_OK; ++i) {
  }
  CHECK(std::string_view(weft_error()).find("the loss is no finite number") !=
        std::string_view::npos);
  CHECK(weft_save(c, file.path().c_str()) == WEFT_FAILED);
  CHECK(std::string_view(weft_error()).find("not finite") != std::string_view::npos);
  CHECK(read_text_file(file.path()) == before);
  weft_free(c);
}

TEST_CASE("a plan that takes more memory than is allowed is refused, and says so") {
  const Plan plan = test::small_plan();
  const std::vector<std::byte> bytes = encode_plan(plan);
  const TemporaryFile file("small.plan", "");
  save_plan(plan, file.path());
  // Which the programs say: their arenas, and the params and states of each, by name.
  const auto taken = [&](bool train) {
    std::map<std::string, std::int64_t> tensors;
    std::int64_t sum = 0;
    for (const Graph& program : plan.programs) {
      if (!train && program.name != "predict" && program.name != "load") continue;
      sum += program.arena_bytes;
      for (const Value& value : program.values) {
        if (value.persists()) tensors[value.name] = capacity_bytes(program, value.type);
      }
    }
    for (const auto& [name, size] : tensors) sum += size;
    return static_cast<std::size_t>(sum);
  };
  CHECK(taken(true) > taken(false));
  for (const int train : {0, 1}) {
    CAPTURE(train);
    const std::size_t needed = taken(train == 1);
    for (const std::size_t limit : {needed, needed - 1, std::size_t{1}, std::size_t{0}}) {
      weft_limit_memory(limit);
      weft_session* of_file = weft_load(file.path().c_str(), 1, train);
      weft_session* of_memory = weft_load_memory(bytes.data(), bytes.size(), 1, train);
      const bool allowed = limit == needed || limit == 0;
      CHECK((of_file != nullptr) == allowed);
      CHECK((of_memory != nullptr) == allowed);
      const bool told = std::string_view(weft_error()).find("MB are allowed") != std::string::npos;
      if (!allowed) CHECK(told);
      weft_free(of_file);
      weft_free(of_memory);
    }
  }
  weft_limit_memory(0);
}

}  // namespace
}  // namespace weft
