// Rows made when they are asked for: once each, complete when asked for, and equal in every bit to
// those that were made at once.
#include "runtime/resources/rows_on_demand.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <numeric>
#include <thread>
#include <vector>

#include "frontend/train/build_plan.h"
#include "frontend/train/plan_forms.h"
#include "runtime/session.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

using Ids = std::vector<std::int32_t>;

// A table that counts how often each of its rows was made; making takes its time.
struct Counted {
  explicit Counted(std::int64_t count) : made(static_cast<std::size_t>(count)) {}

  std::vector<std::atomic<int>> made;
  RowsOnDemand rows{static_cast<std::int64_t>(made.size()),
                    [this](std::span<const std::int32_t> ids) {
                      std::this_thread::sleep_for(std::chrono::microseconds(50));
                      for (const std::int32_t id : ids) ++made[static_cast<std::size_t>(id)];
                    }};

  int total() const { return std::accumulate(made.begin(), made.end(), 0); }
};

TEST_CASE("lazy rows: each row is made once, when it is asked for") {
  for (const int threads : {1, 3}) {
    Counted table(3000);
    table.rows.require({}, threads);
    CHECK(table.total() == 0);
    table.rows.require(Ids{7, 7, 2999, 7}, threads);
    CHECK(table.made[7] == 1);
    CHECK(table.made[2999] == 1);
    CHECK(table.total() == 2);
    Ids many(2500);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::int32_t>(i * 7 % 1500);
    table.rows.require(many, threads);
    CHECK(table.total() == 1501);
    table.rows.require_all(threads);
    table.rows.require_all(threads);
    CHECK(std::ranges::all_of(table.made, [](int times) { return times == 1; }));
    table.rows.forget();
    table.rows.require(Ids{5}, threads);
    CHECK(table.made[5] == 2);
    CHECK(table.total() == 3001);
  }
}

// More often than there are marks to tell what was made before forget() from what was made since.
TEST_CASE("lazy rows: whatever was made before they are forgotten is made again") {
  constexpr int kRounds = 600;
  Counted table(6);
  std::vector<int> expected(6);
  for (int round = 0; round < kRounds; ++round) {
    Ids ids;  // row r in every (r + 1)th round; row 5 in the first and the last
    for (int row = 0; row < 5; ++row) {
      if (round % (row + 1) == 0) ids.push_back(row);
    }
    if (round == 0 || round == kRounds - 1) ids.push_back(5);
    for (const std::int32_t id : ids) ++expected[static_cast<std::size_t>(id)];
    table.rows.require(ids, 1);
    table.rows.require(ids, 1);
    table.rows.forget();
  }
  CHECK(std::vector<int>(table.made.begin(), table.made.end()) == expected);
}

TEST_CASE("lazy rows: threads that ask for the same rows wait for one another") {
  for (int round = 0; round < 20; ++round) {
    Counted table(600);
    std::atomic<int> missing = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 12; ++i) {
          Ids ids;
          for (int k = 0; k < 80; ++k) ids.push_back((i * 50 + k * (t + 1)) % 600);
          table.rows.require(ids, 1);
          for (const std::int32_t id : ids) {
            if (table.made[static_cast<std::size_t>(id)] != 1) ++missing;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(missing == 0);
    CHECK(std::ranges::all_of(table.made, [](int times) { return times <= 1; }));
  }
}

// 40 texts of the small model's words.
std::vector<std::string> texts() {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 40; ++i) {
    std::string text = i % 3 == 0 ? "hot" : "cold";
    for (std::size_t w = 0; w < i % 11; ++w) text += " w" + std::to_string(i * (w + 3) % 25);
    texts.push_back(text);
  }
  return texts;
}

std::vector<float> logits_of(Session& session, std::span<const std::string_view> views) {
  Predictions out;
  std::vector<float> logits;
  session.predict(views, out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    logits.insert(logits.end(), out.logits(i).begin(), out.logits(i).end());
  }
  return logits;
}

TEST_CASE("lazy rows: a session predicts the bits of a plan whose table was made at once") {
  const Plan plan = test::small_plan();
  REQUIRE(plan.program("load") != nullptr);
  Session whole(fold_tables(plan), {.threads = 1});
  REQUIRE(whole.plan().program("load") == nullptr);
  const std::vector<std::string> all = texts();
  const std::vector<std::string_view> views(all.begin(), all.end());
  const std::vector<float> expected = logits_of(whole, views);

  Session one_by_one(plan, {.threads = 1});
  std::vector<float> found;
  for (const std::string_view view : views) {
    const auto logits = logits_of(one_by_one, std::span(&view, 1));
    found.insert(found.end(), logits.begin(), logits.end());
  }
  CHECK(found == expected);

  Session shared(plan, {.threads = 2});
  std::vector<std::vector<float>> by_thread(4);
  std::vector<std::thread> threads;
  for (std::vector<float>& logits : by_thread) {
    threads.emplace_back([&] {
      Session sibling = shared.sibling();
      logits = logits_of(sibling, views);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<float>& logits : by_thread) CHECK(logits == expected);
}

TEST_CASE("lazy rows: after a training step they are made of the new weights") {
  Session session(test::small_plan(), {.threads = 1, .train = true});
  const std::vector<std::string> all = texts();
  const std::vector<std::string_view> views(all.begin(), all.end());
  const std::vector<float> before = logits_of(session, views);
  for (int step = 0; step < 3; ++step) {
    session.train_step(std::span(views).first(2), {std::vector<std::int32_t>{0, 1}}, 0.1);
  }
  const std::vector<float> after = logits_of(session, views);
  CHECK(after != before);
  Session again(session.snapshot(), {.threads = 1});
  CHECK(logits_of(again, views) == after);
}

// The other session completes all rows at every step.
TEST_CASE("lazy rows: answers between training steps, of rows that were completed one by one") {
  Session session(test::small_plan(), {.threads = 1, .train = true});
  Session whole(test::small_plan(), {.threads = 1, .train = true});
  const std::vector<std::string> all = texts();
  const std::vector<std::string_view> views(all.begin(), all.end());
  for (std::size_t step = 0; step < 60; ++step) {
    CAPTURE(step);
    const auto batch = std::span(views).subspan(step % (views.size() - 1), 2);
    for (Session* learner : {&session, &whole}) {
      learner->train_step(batch, {std::vector<std::int32_t>{0, 1}}, 0.02);
    }
    const auto asked = std::span(views).subspan(step * 7 % views.size(), 1);
    Session reference(whole.snapshot(), {.threads = 1});
    const std::vector<float> wanted = logits_of(reference, asked);
    if (step % 3 != 0) continue;
    const std::vector<float> found = logits_of(session, asked);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      CHECK(std::abs(found[i] - wanted[i]) <= 1e-4F * (1 + std::abs(wanted[i])));
    }
  }
  const std::vector<float> wanted = logits_of(whole, views), found = logits_of(session, views);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    CHECK(std::abs(found[i] - wanted[i]) <= 1e-4F * (1 + std::abs(wanted[i])));
  }
  // Nothing is put off in a snapshot.
  Session again(session.snapshot(), {.threads = 1});
  CHECK(logits_of(again, views) == logits_of(session, views));
}

}  // namespace
}  // namespace weft
