// Rows of frozen encoders: each text is encoded once, and neither that nor the room for them
// changes what is learnt.
#include "frontend/train/stored_rows.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "frontend/train/checkpoint.h"
#include "tests/support/frozen_model.h"
#include "tests/support/temporary_file.h"
#include "tests/support/training_run.h"

namespace weft {
namespace {

using test::frozen_plan;
using test::Recorder;
using test::run;

constexpr std::string_view kModels[] = {test::kTokenRows, test::kTextRows};
constexpr std::int64_t kPlenty = 1 << 30;

struct Setting {
  Session session;
  Dataset data;

  explicit Setting(Plan plan)
      : session(std::move(plan), {.threads = 1, .train = true}),
        data(encode(test::small_corpus(), session.encoder(), session.labels())) {}
};

std::vector<float> copy(std::span<const float> rows) { return {rows.begin(), rows.end()}; }

TEST_CASE("the models of this test are split, one by tokens and one by texts") {
  CHECK(Setting(frozen_plan(test::kTokenRows)).session.row_size().per_token == 16);
  CHECK(Setting(frozen_plan(test::kTextRows)).session.row_size().per_text == 16);
  CHECK(Setting(test::unsplit_plan(test::kTextRows)).session.row_size().of(1, 1) == 0);
  CHECK(Setting(test::small_plan()).session.row_size().of(1, 1) == 0);
}

TEST_CASE("rows are the encoder's, in any order, from memory and from the file") {
  for (const std::string_view model : kModels) {
    Setting s(frozen_plan(model));
    std::vector<float> all;
    s.session.encode(s.data.texts(), all);
    const Session::RowSize size = s.session.row_size();
    for (const std::int64_t memory : {std::int64_t{0}, std::int64_t{3000}, kPlenty}) {
      CAPTURE(memory);
      StoredRows rows(s.session, s.data, {memory});
      CHECK(rows.bytes() == static_cast<std::int64_t>(all.size() * sizeof(float)));
      for (const std::vector<std::uint32_t>& batch :
           {std::vector<std::uint32_t>{5, 7, 0}, {}, {7}, {59, 5, 3, 3, 40}, {3, 59, 0}}) {
        std::vector<float> expected;
        for (const std::uint32_t i : batch) {
          const auto begin = size.of(i, s.data.offsets[i]);
          const auto end = size.of(i + 1, s.data.offsets[i + 1]);
          expected.insert(expected.end(), all.begin() + begin, all.begin() + end);
        }
        CHECK(copy(rows.of(batch)) == expected);
      }
      CHECK(copy(rows.of(0, s.data.size())) == all);
    }
  }
}

TEST_CASE("a text is encoded once, or each time where there is no room, of which is warned once") {
  for (const bool room : {true, false}) {
    CAPTURE(room);
    Setting s(frozen_plan(test::kTextRows));
    int warnings = 0;
    std::string said;
    StoredRows rows(s.session, s.data,
                    {room ? kPlenty : 0, "/nowhere/at/all", [&](const std::string& message) {
                       ++warnings;
                       said = message;
                     }});
    const std::vector<float> before = copy(rows.of(0, 60));
    // Were a text read again, it would be another now.
    std::ranges::fill(s.data.ids, 1);
    CHECK((copy(rows.of(0, 60)) == before) == room);
    CHECK(warnings == (room ? 0 : 1));
    if (!room) CHECK(said.find("/nowhere/at/all has no room for them") != std::string::npos);
  }
}

// Weights and history, whatever programs made them.
bool learnt_the_same(const Plan& a, const Plan& b) {
  for (const PlanTensor& tensor : a.tensors) {
    const PlanTensor* const other = b.tensor(tensor.name);
    if (other == nullptr || !std::ranges::equal(tensor.bytes, other->bytes)) return false;
  }
  return a.tensors.size() == b.tensors.size() && a.history.size() == b.history.size() &&
         std::ranges::equal(a.history, b.history, [](const auto& x, const auto& y) {
           return x.train_loss == y.train_loss && x.metrics == y.metrics;
         });
}

TEST_CASE("what is learnt is bit for bit what training on the texts themselves learns") {
  for (const std::string_view model : kModels) {
    for (const bool validate : {false, true}) {
      CAPTURE(model);
      CAPTURE(validate);
      TrainSettings settings{.epochs = 3, .batch = 8, .learning_rate = 0.01};
      settings.average = 2;
      const Plan unsplit = run(test::unsplit_plan(model), settings, validate).plan;
      for (const std::int64_t memory : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{2000}}) {
        CAPTURE(memory);
        settings.row_memory = memory;
        CHECK(learnt_the_same(run(frozen_plan(model), settings, validate).plan, unsplit));
      }
      settings.stored_rows = false;
      const Plan unstored = run(frozen_plan(model), settings, validate).plan;
      CHECK(learnt_the_same(unstored, unsplit));
      // A plan goes on training after its file has been read.
      const std::vector<std::byte> file = encode_plan(unstored);  // outlives what is read from it
      const Plan read = decode_plan(file);
      settings.stored_rows = true;
      CHECK(learnt_the_same(run(read, settings, validate).plan,
                            run(unsplit, settings, validate).plan));
    }
  }
}

TEST_CASE(
    "a run in pieces ends with the bytes of a whole one, though its rows are lost each time") {
  const TemporaryFile file("rows.checkpoint", "");
  for (const std::string_view model : kModels) {
    TrainSettings settings{.epochs = 3, .batch = 8, .learning_rate = 0.01};
    settings.row_memory = 2000;
    const auto whole = encode_plan(run(frozen_plan(model), settings, true).plan);
    Checkpointing checkpoints{file.path(), 1e9, {"model", "data", "valid", "settings"}, {}};
    Plan from = frozen_plan(model);
    for (int piece = 0;; ++piece) {
      REQUIRE(piece < 100);
      Recorder recorder;
      recorder.interrupt_after = 5;
      FitResult outcome = run(std::move(from), settings, recorder, true, &checkpoints);
      CHECK(recorder.warnings.empty());
      if (!outcome.interrupted) {
        CHECK(encode_plan(outcome.plan) == whole);
        break;
      }
      auto found = load_checkpoint(file.path(), 0);
      REQUIRE(found);
      from = std::move(found->now);
      checkpoints.from = std::move(found->state);
    }
  }
}

}  // namespace
}  // namespace weft
