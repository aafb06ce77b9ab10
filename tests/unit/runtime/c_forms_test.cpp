// The C interface's three forms of a request, texts, pairs and ids: each call gives in each form
// what C++ computes, in one batch or many, on one thread or several.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/train/import_pretrained.h"
#include "runtime/session.h"
#include "runtime/weft.h"
#include "tests/support/small_model.h"
#include "tests/support/tags_model.h"
#include "tests/support/temporary_file.h"
#include "tests/support/token_lines.h"

namespace weft {
namespace {

using Strings = std::vector<std::string>;

std::vector<const char*> pointers(const Strings& strings) {
  std::vector<const char*> out;
  for (const std::string& string : strings) out.push_back(string.c_str());
  return out;
}

// Everything that C answers, in one form or another.
struct Answers {
  std::vector<std::int32_t> labels, top, given;
  std::vector<std::size_t> counts;
  std::vector<float> probabilities, top_probabilities, given_probabilities, logits;

  Answers(const weft_session* c, std::size_t count) {
    const std::size_t all = count * weft_label_count(c);
    labels.resize(count);
    counts.resize(count);
    top.resize(2 * count);
    top_probabilities.resize(2 * count);
    given.resize(all, -1);
    probabilities.resize(all);
    given_probabilities.resize(all, -1.0F);
    logits.resize(count * weft_logit_count(c));
  }
  bool operator==(const Answers&) const = default;
};

// The ids of texts as C makes them.
struct Ids {
  std::vector<std::int32_t> ids, types;
  std::vector<std::int64_t> offsets{0};

  Ids(weft_session* c, const Strings& texts, const Strings& pairs) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const char* pair = pairs.empty() ? nullptr : pairs[i].c_str();
      const std::size_t length = pairs.empty() ? 0 : pairs[i].size();
      std::size_t count = 0;
      REQUIRE(weft_encode(c, texts[i].data(), texts[i].size(), pair, length, nullptr, nullptr, 0,
                          &count) == WEFT_OK);
      const std::size_t begin = ids.size();
      ids.resize(begin + count);
      types.resize(begin + count);
      REQUIRE(weft_encode(c, texts[i].data(), texts[i].size(), pair, length, ids.data() + begin,
                          types.data() + begin, count, &count) == WEFT_OK);
      offsets.push_back(static_cast<std::int64_t>(ids.size()));
    }
  }
};

Answers of_texts(weft_session* c, const Strings& texts) {
  Answers a(c, texts.size());
  const auto t = pointers(texts);
  const std::size_t n = texts.size();
  CHECK(weft_predict(c, t.data(), nullptr, n, a.labels.data(), a.probabilities.data()) == WEFT_OK);
  CHECK(weft_predict_top(c, t.data(), nullptr, n, 2, a.top.data(), a.top_probabilities.data()) ==
        WEFT_OK);
  CHECK(weft_classify(c, t.data(), nullptr, n, a.counts.data(), a.given.data(),
                      a.given_probabilities.data()) == WEFT_OK);
  CHECK(weft_predict_logits(c, t.data(), nullptr, n, a.logits.data()) == WEFT_OK);
  return a;
}

Answers of_pairs(weft_session* c, const Strings& texts, const Strings& pairs) {
  Answers a(c, texts.size());
  const auto t = pointers(texts), p = pointers(pairs);
  std::vector<std::size_t> lengths, pair_lengths;
  for (const std::string& text : texts) lengths.push_back(text.size());
  for (const std::string& pair : pairs) pair_lengths.push_back(pair.size());
  const std::size_t n = texts.size();
  CHECK(weft_predict_pairs(c, t.data(), nullptr, p.data(), pair_lengths.data(), n, a.labels.data(),
                           a.probabilities.data()) == WEFT_OK);
  CHECK(weft_predict_top_pairs(c, t.data(), lengths.data(), p.data(), nullptr, n, 2, a.top.data(),
                               a.top_probabilities.data()) == WEFT_OK);
  CHECK(weft_classify_pairs(c, t.data(), nullptr, p.data(), nullptr, n, a.counts.data(),
                            a.given.data(), a.given_probabilities.data()) == WEFT_OK);
  CHECK(weft_predict_logits_pairs(c, t.data(), lengths.data(), p.data(), pair_lengths.data(), n,
                                  a.logits.data()) == WEFT_OK);
  return a;
}

Answers of_ids(weft_session* c, const Ids& ids) {
  const std::size_t n = ids.offsets.size() - 1;
  Answers a(c, n);
  const auto *i = ids.ids.data(), *t = ids.types.data();
  const auto* o = ids.offsets.data();
  CHECK(weft_predict_ids(c, i, t, o, n, a.labels.data(), a.probabilities.data()) == WEFT_OK);
  CHECK(weft_predict_top_ids(c, i, t, o, n, 2, a.top.data(), a.top_probabilities.data()) ==
        WEFT_OK);
  CHECK(weft_classify_ids(c, i, t, o, n, a.counts.data(), a.given.data(),
                          a.given_probabilities.data()) == WEFT_OK);
  CHECK(weft_predict_logits_ids(c, i, t, o, n, a.logits.data()) == WEFT_OK);
  return a;
}

// What the answers must be, from the probabilities and logits of C++.
Answers expected(const weft_session* c, const Session& session, const Predictions& out) {
  Answers a(c, out.size());
  const std::size_t all = session.labels().size();
  const bool many = session.plan().task == Task::multi_label;
  a.probabilities.clear();
  a.logits.clear();
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto p = out.probabilities(i);
    const auto at = [&](std::int32_t label) { return p[static_cast<std::size_t>(label)]; };
    std::vector<std::int32_t> order(all);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, [&](auto x, auto y) { return at(x) > at(y); });
    a.labels[i] = order[0];
    a.probabilities.insert(a.probabilities.end(), p.begin(), p.end());
    a.logits.insert(a.logits.end(), out.logits(i).begin(), out.logits(i).end());
    for (std::size_t k = 0; k < all; ++k) {
      if (k < 2) a.top[2 * i + k] = order[k];
      if (k < 2) a.top_probabilities[2 * i + k] = at(order[k]);
      const bool given =
          many ? static_cast<double>(at(order[k])) >= session.plan().threshold : k == 0;
      if (!given) continue;
      a.given[i * all + a.counts[i]] = order[k];
      a.given_probabilities[i * all + a.counts[i]++] = at(order[k]);
    }
  }
  return a;
}

// More texts than a batch holds, of every length.
Strings many_texts() {
  Strings texts{"", "hot", "cold cold", "far wet hot"};
  for (int i = 0; i < 60; ++i) {
    texts.push_back((i % 3 == 0 ? "hot w" : "wet w") + std::to_string(i % 9));
    for (int k = 0; k < i % 14; ++k) texts.back() += " w" + std::to_string(k);
  }
  return texts;
}

TEST_CASE("texts and ids: every call answers in each form as C++ does, on any number of threads") {
  for (const bool many : {false, true}) {
    CAPTURE(many);
    const TemporaryFile file("c.plan", "");
    save_plan(many ? test::tags_plan() : test::small_plan(), file.path());
    Session session = Session::load(file.path(), {.threads = 1});
    const Strings texts = many_texts();
    Predictions out;
    session.predict(std::vector<std::string_view>(texts.begin(), texts.end()), out);
    for (const int threads : {1, 2, 3}) {
      weft_session* c = weft_load(file.path().c_str(), threads, 0);
      REQUIRE(c != nullptr);
      CHECK(weft_reads_pairs(c) == 0);
      CHECK(weft_temperature(c) == 1);
      const Answers wanted = expected(c, session, out);
      CHECK(of_texts(c, texts) == wanted);
      CHECK(of_ids(c, Ids(c, texts, {})) == wanted);
      weft_free(c);
    }
  }
}

TEST_CASE("a child of fork() answers with the session that it was given") {
  const std::vector<std::byte> bytes = encode_plan(test::small_plan());
  weft_session* c = weft_load_memory(bytes.data(), bytes.size(), /*threads=*/3, 0);
  REQUIRE(c != nullptr);
  const Strings texts = many_texts();
  const auto t = pointers(texts);
  std::vector<float> before(2 * texts.size()), after(2 * texts.size());
  std::vector<std::int32_t> labels(texts.size());
  const auto ask = [&](std::vector<float>& probabilities) {
    return weft_predict(c, t.data(), nullptr, texts.size(), labels.data(), probabilities.data());
  };
  REQUIRE(ask(before) == WEFT_OK);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(ask(after) == WEFT_OK && after == before ? 0 : 1);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(ask(after) == WEFT_OK);
  CHECK(after == before);
  weft_free(c);
}

TEST_CASE("pairs and their ids: every call answers as C++ does, and trains the same") {
  if (!std::filesystem::exists(test::pretrained_models() / "README.md")) {
    MESSAGE("skipped: there are no pretrained models: they belong in ../shared/data/pretrained");
    return;
  }
  for (const char* model : {"tiny-bert-classifier", "tiny-gpt2-classifier"}) {
    CAPTURE(model);
    const TemporaryFile file("pairs.plan", "");
    const auto folder = (test::pretrained_models() / model).string();
    save_plan(import_pretrained(folder, {}, {}, /*pair=*/true), file.path());
    Session session = Session::load(file.path(), {.threads = 1, .train = true});
    weft_session* c = weft_load(file.path().c_str(), 1, 1);
    weft_session* by_ids = weft_load(file.path().c_str(), 1, 1);
    REQUIRE(c != nullptr);
    REQUIRE(by_ids != nullptr);
    CHECK(weft_reads_pairs(c) == 1);
    const Strings texts{"a good film", "films", "", "the book"}, pairs{"the book", "", "a", "it"};
    std::vector<TextInput> inputs;
    for (std::size_t i = 0; i < texts.size(); ++i) inputs.push_back({texts[i], pairs[i]});
    const Ids ids(c, texts, pairs);
    const std::array<std::int32_t, 4> labels{0, 1, 2, 1};
    for (int step = 0; step < 2; ++step) {
      Predictions out;
      session.predict(inputs, out);
      const Answers wanted = expected(c, session, out);
      CHECK(of_pairs(c, texts, pairs) == wanted);
      CHECK(of_ids(by_ids, ids) == wanted);
      const auto t = pointers(texts), p = pointers(pairs);
      double loss = 0, loss_by_ids = 0;
      const double wanted_loss = session.train_step(inputs, {labels}, 0.01);
      CHECK(weft_train_step_pairs(c, t.data(), nullptr, p.data(), nullptr, 4, labels.data(), 0.01,
                                  &loss) == WEFT_OK);
      CHECK(weft_train_step_ids(by_ids, ids.ids.data(), ids.types.data(), ids.offsets.data(), 4,
                                labels.data(), 0.01, &loss_by_ids) == WEFT_OK);
      CHECK(loss == wanted_loss);
      CHECK(loss_by_ids == wanted_loss);
    }
    weft_free(c);
    weft_free(by_ids);
  }
}

TEST_CASE("ids of several labels train as their texts do") {
  const TemporaryFile file("tags.plan", "");
  save_plan(test::tags_plan(), file.path());
  weft_session* by_texts = weft_load(file.path().c_str(), 1, 1);
  weft_session* by_ids = weft_load(file.path().c_str(), 1, 1);
  REQUIRE(by_texts != nullptr);
  REQUIRE(by_ids != nullptr);
  const Strings texts{"w1 hot wet", "w2", "far w3", "wet"};
  const std::array<std::int32_t, 4> labels{0, 1, 2, 1};
  const std::array<std::int64_t, 5> offsets{0, 2, 2, 3, 4};
  const Ids ids(by_ids, texts, {});
  const auto t = pointers(texts);
  for (int step = 0; step < 10; ++step) {
    double loss = 0, loss_by_ids = 1;
    CHECK(weft_train_step_labels(by_texts, t.data(), nullptr, 4, labels.data(), offsets.data(),
                                 0.05, &loss) == WEFT_OK);
    CHECK(weft_train_step_labels_ids(by_ids, ids.ids.data(), nullptr, ids.offsets.data(), 4,
                                     labels.data(), offsets.data(), 0.05, &loss_by_ids) == WEFT_OK);
    CHECK(loss == loss_by_ids);
  }
  CHECK(of_texts(by_texts, texts) == of_ids(by_ids, ids));
  weft_free(by_texts);
  weft_free(by_ids);
}

TEST_CASE("a request that cannot be is a bad argument, one that the plan refuses a failure") {
  const TemporaryFile file("c.plan", "");
  save_plan(test::small_plan(), file.path());
  weft_session* c = weft_load(file.path().c_str(), 1, 1);
  REQUIRE(c != nullptr);
  const auto said = [](std::string_view part) {
    CHECK_MESSAGE(std::string_view(weft_error()).find(part) != std::string_view::npos,
                  std::string(weft_error()));
  };
  const std::array<std::int32_t, 3> ids{1, 2, 1};
  const std::array<std::int64_t, 3> offsets{0, 2, 3}, falling{0, 2, 1}, late{1, 2, 3};
  std::array<std::int32_t, 2> labels{};
  const auto ask = [&](const std::int32_t* i, const std::int64_t* o) {
    return weft_predict_ids(c, i, nullptr, o, 2, labels.data(), nullptr);
  };
  CHECK(ask(ids.data(), offsets.data()) == WEFT_OK);
  CHECK(ask(nullptr, offsets.data()) == WEFT_BAD_ARGUMENT);
  said("there are no ids");
  for (const auto* bad : {falling.data(), late.data(), static_cast<const std::int64_t*>(nullptr)}) {
    CHECK(ask(ids.data(), bad) == WEFT_BAD_ARGUMENT);
    said("offsets of ids");
    CHECK(weft_train_step_ids(c, ids.data(), nullptr, bad, 2, labels.data(), 0.1, nullptr) ==
          WEFT_BAD_ARGUMENT);
  }
  const std::array<std::int32_t, 3> unknown{1, 1 << 20, 1};
  CHECK(ask(unknown.data(), offsets.data()) == WEFT_FAILED);
  said("has the id 1048576");
  CHECK(weft_predict_ids(c, nullptr, nullptr, nullptr, 0, nullptr, nullptr) == WEFT_OK);
  CHECK(weft_predict_ids(nullptr, ids.data(), nullptr, offsets.data(), 2, labels.data(), nullptr) ==
        WEFT_BAD_ARGUMENT);
  const char* const text = "hot";
  CHECK(weft_classify_pairs(c, &text, nullptr, nullptr, nullptr, 1, nullptr, labels.data(),
                            nullptr) == WEFT_BAD_ARGUMENT);
  float logit = 0;
  CHECK(weft_predict_logits_pairs(c, &text, nullptr, &text, nullptr, 1, &logit) == WEFT_FAILED);
  said("reads one text");
  CHECK(weft_predict_top_pairs(nullptr, &text, nullptr, &text, nullptr, 1, 1, labels.data(),
                               nullptr) == WEFT_BAD_ARGUMENT);
  said("no session");
  CHECK(weft_train_step_labels_pairs(c, &text, nullptr, &text, nullptr, 1, labels.data(), nullptr,
                                     0.1, nullptr) == WEFT_BAD_ARGUMENT);
  std::size_t count = 0;
  std::array<std::int32_t, 2> room{};
  CHECK(weft_encode(c, "w1 hot w2", 9, nullptr, 0, room.data(), nullptr, 2, &count) ==
        WEFT_BAD_ARGUMENT);
  CHECK(count == 3);
  CHECK(weft_encode(c, "w1", 2, nullptr, 0, nullptr, nullptr, 2, &count) == WEFT_BAD_ARGUMENT);
  CHECK(weft_encode(c, "w1", 2, nullptr, 0, room.data(), nullptr, 2, nullptr) == WEFT_BAD_ARGUMENT);
  CHECK(weft_encode(c, "w1", 2, "w2", 2, room.data(), nullptr, 2, &count) == WEFT_FAILED);
  CHECK(weft_encode(c, "w1", 2, nullptr, 0, room.data(), nullptr, 2, &count) == WEFT_OK);
  CHECK(count == 1);
  weft_free(c);
  CHECK(weft_reads_pairs(nullptr) == 0);
  CHECK(weft_temperature(nullptr) == 0);
  CHECK(weft_learning_rate(nullptr) == 0);
}

TEST_CASE("a plan tells the highest learning rate that it was trained with") {
  Plan plan = test::small_plan();
  for (const double highest : {0.0, 0.1}) {
    if (highest > 0) {
      plan.history.push_back({.epoch = 1, .step = 10, .learning_rate = highest, .metrics = {}});
      plan.history.push_back({.epoch = 2, .step = 20, .learning_rate = 0.01, .metrics = {}});
    }
    const TemporaryFile file("c.plan", "");
    save_plan(plan, file.path());
    weft_session* c = weft_load(file.path().c_str(), 1, 0);
    REQUIRE(c != nullptr);
    CHECK(weft_learning_rate(c) == highest);
    weft_free(c);
  }
}

}  // namespace
}  // namespace weft
