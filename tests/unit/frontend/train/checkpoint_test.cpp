// A run that was cut short and goes on ends with the bytes of one that was not; a checkpoint that
// is damaged or of another run is refused.
#include "frontend/train/checkpoint.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <limits>

#include "frontend/train/trainer.h"
#include "tests/support/temporary_file.h"
#include "tests/support/training_run.h"

namespace weft {
namespace {

using test::Recorder;
using test::run;
using test::small_corpus;
using test::small_plan;

constexpr double kNever = 1e9;

Fingerprint any_run() { return {"model", "data", "valid", "settings"}; }

// Cuts the run short after so many steps, again and again, each time going on from its file.
std::vector<std::byte> in_pieces(const TrainSettings& settings, bool validate, std::int64_t steps,
                                 const std::string& path) {
  Checkpointing checkpoints{path, kNever, any_run(), {}};
  Plan from = small_plan();
  for (int piece = 0; piece < 100; ++piece) {
    Recorder recorder;
    recorder.interrupt_after = steps;
    FitResult outcome = run(std::move(from), settings, recorder, validate, &checkpoints);
    CHECK(recorder.warnings.empty());
    if (!outcome.interrupted) return encode_plan(outcome.plan);
    auto found = load_checkpoint(path, static_cast<std::size_t>(settings.average));
    REQUIRE(found);
    CHECK(found->threads == 1);
    expect_same_run(*found, any_run(), found->now, path);
    from = std::move(found->now);
    checkpoints.from = std::move(found->state);
  }
  FAIL("the run does not end");
  return {};
}

TEST_CASE("a run in pieces ends with the bytes of a whole one") {
  const TemporaryFile file("run.checkpoint", "");
  TrainSettings plain{.epochs = 3, .batch = 8, .learning_rate = 0.01};
  TrainSettings all{.epochs = 4, .batch = 7, .learning_rate = 0.02, .seed = 5, .patience = 2};
  all.schedule = {.shape = ScheduleShape::cosine, .warmup = 0.2};
  all.metric = BestBy::loss;
  all.average = 2;
  for (const TrainSettings& settings : {plain, all}) {
    for (const bool validate : {false, true}) {
      CAPTURE(to_string(settings));
      const auto whole = encode_plan(run(small_plan(), settings, validate).plan);
      for (const std::int64_t steps : {1, 3, 8, 13}) {
        CAPTURE(steps);
        CHECK(in_pieces(settings, validate, steps, file.path()) == whole);
      }
    }
  }
}

TEST_CASE("saving after every step changes nothing") {
  const TemporaryFile file("run.checkpoint", "");
  const TrainSettings settings{.epochs = 2, .batch = 8, .learning_rate = 0.01};
  const Checkpointing checkpoints{file.path(), 0.0, any_run(), {}};
  Recorder recorder;
  const FitResult saved = run(small_plan(), settings, recorder, true, &checkpoints);
  CHECK(encode_plan(saved.plan) == encode_plan(run(small_plan(), settings, true).plan));
  CHECK(recorder.warnings.empty());
}

TEST_CASE("a checkpoint that cannot be written is a warning") {
  const Checkpointing checkpoints{"/nosuch/run.checkpoint", 0.0, any_run(), {}};
  Recorder recorder;
  const FitResult outcome =
      run(small_plan(), {.epochs = 1, .batch = 8}, recorder, false, &checkpoints);
  CHECK(outcome.epochs == 1);
  REQUIRE(!recorder.warnings.empty());
  CHECK(recorder.warnings.front().find("/nosuch") != std::string::npos);
}

std::string message_of(const std::string& path, std::size_t max_recent = 2) {
  try {
    load_checkpoint(path, max_recent);
  } catch (const Error& e) {
    return e.what();
  }
  return "loaded";
}

TEST_CASE("a damaged checkpoint is refused, wherever the damage is") {
  const TemporaryFile file("run.checkpoint", "");
  Recorder recorder;
  recorder.interrupt_after = 12;
  const Checkpointing checkpoints{file.path(), kNever, any_run(), {}};
  TrainSettings settings{.epochs = 3, .batch = 8};
  settings.average = 2;
  run(small_plan(), settings, recorder, true, &checkpoints);
  CHECK(message_of(file.path()) == "loaded");
  std::ifstream in(file.path(), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  const auto with = [&](const std::string& content) {
    std::ofstream(file.path(), std::ios::binary) << content;
    return message_of(file.path());
  };
  REQUIRE(whole.size() > 4096);
  for (std::size_t at = 0; at < whole.size(); at += at < 1500 ? 7 : 997) {
    CAPTURE(at);
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    const std::string message = with(damaged);
    // Between the parts are zeros that nobody reads.
    if (whole[at] != '\0') CHECK(message != "loaded");
    CHECK(with(whole.substr(0, at)) != "loaded");
  }
  CHECK(with("").find("without --resume") != std::string::npos);
  CHECK(with("weft checkpoint 1 99999999999999999999 x\n") != "loaded");
  CHECK_FALSE(load_checkpoint(file.directory() + "/nosuch", 0));
}

TEST_CASE("a checkpoint that no run can have come to is refused") {
  const TemporaryFile file("run.checkpoint", "");
  Recorder recorder;
  recorder.interrupt_after = 12;  // 8 steps to an epoch, 60 texts
  const Checkpointing checkpoints{file.path(), kNever, any_run(), {}};
  run(small_plan(), {.epochs = 3, .batch = 8}, recorder, true, &checkpoints);
  const auto saved = load_checkpoint(file.path(), 0);
  REQUIRE(saved);
  const auto with = [&](const auto& change, int threads = 1) {
    TrainState state = saved->state;
    change(state);
    save_checkpoint(file.path(), any_run(), threads, saved->now, state);
    return message_of(file.path());
  };
  const auto same = [](TrainState&) {};
  CHECK(with(same) == "loaded");
  const std::string refused = "no run can have come to where it is";
  CHECK(with(same, 0).find(refused) != std::string::npos);
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t n : {std::int64_t{-1}, std::int64_t{2}, kMost}) {
    CAPTURE(n);
    CHECK(with([&](TrainState& s) { s.ended = n; }).find(refused) != std::string::npos);
    CHECK(with([&](TrainState& s) { s.worse = n; }).find(refused) != std::string::npos);
    CHECK(with([&](TrainState& s) { s.best_epoch = n; }).find(refused) != std::string::npos);
    CHECK(with([&](TrainState& s) { s.step = n; }).find(refused) != std::string::npos);
  }
  CHECK(with([](TrainState& s) { s.seen = -1; }).find(refused) != std::string::npos);
  CHECK(with([](TrainState& s) { s.best.reset(); }).find(refused) != std::string::npos);
  CHECK(with([](TrainState& s) { s.learning_rate = -1; }).find(refused) != std::string::npos);
  // How far a run can come depends on its data and settings.
  expect_within(*saved, 3, 60, file.path());
  CHECK_THROWS_AS(expect_within(*saved, 0, 60, file.path()), Error);
  CHECK_THROWS_AS(expect_within(*saved, 3, 31, file.path()), Error);
}

TEST_CASE("a file that is no checkpoint is not taken for one") {
  const TemporaryFile file("run.checkpoint", "my notes");
  CHECK_THROWS_AS(finds_checkpoint(file.path()), Error);
  CHECK_THROWS_AS(finds_checkpoint(file.directory()), Error);
  CHECK_FALSE(finds_checkpoint(file.directory() + "/nosuch"));
  Recorder recorder;
  recorder.interrupt_after = 1;
  const Checkpointing checkpoints{file.path(), kNever, any_run(), {}};
  run(small_plan(), {.epochs = 1, .batch = 8}, recorder, false, &checkpoints);
  CHECK(finds_checkpoint(file.path()));
}

TEST_CASE("a checkpoint whose plans have other labels or another description is refused") {
  Checkpoint saved;
  saved.fingerprint = any_run();
  saved.now = small_plan();
  const Plan start = small_plan();
  expect_same_run(saved, any_run(), start, "run.checkpoint");
  std::swap(saved.now.labels[0], saved.now.labels[1]);
  CHECK_THROWS_AS(expect_same_run(saved, any_run(), start, "run.checkpoint"), Error);
  std::swap(saved.now.labels[0], saved.now.labels[1]);
  saved.state.best = saved.now;
  saved.state.best->text.max_tokens = 1;
  CHECK_THROWS_AS(expect_same_run(saved, any_run(), start, "run.checkpoint"), Error);
  saved.state.best->text.max_tokens = start.text.max_tokens;
  const std::vector<std::int32_t> merge{0, 1};
  saved.state.best->vocabulary.merges = merge;
  CHECK_THROWS_AS(expect_same_run(saved, any_run(), start, "run.checkpoint"), Error);
  saved.state.best->vocabulary.merges = {};
  expect_same_run(saved, any_run(), start, "run.checkpoint");
  saved.state.best->description += " ";
  CHECK_THROWS_AS(expect_same_run(saved, any_run(), start, "run.checkpoint"), Error);
}

// A run that overwrites its plan knows it by its description only.
TEST_CASE("a checkpoint that would undo what its plan has learnt since is refused") {
  const TrainSettings settings{.epochs = 2, .batch = 8, .learning_rate = 0.01};
  TrainSettings other = settings;
  other.seed = 9;
  Checkpoint saved;
  saved.fingerprint = any_run();
  saved.now = run(small_plan(), settings).plan;
  saved.state.history = saved.now.history;
  const auto message = [&](const Plan& start) -> std::string {
    try {
      expect_same_run(saved, any_run(), start, "run.checkpoint");
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  CHECK(message(small_plan()) == "");
  Plan interrupted = saved.now;
  interrupted.history.back().kept = !interrupted.history.back().kept;
  CHECK(message(interrupted) == "");
  interrupted.history.pop_back();
  CHECK(message(interrupted) == "");
  for (const Plan& learnt : {run(small_plan(), other).plan, run(saved.now, settings).plan}) {
    CHECK(message(learnt).find("it has been trained on since") != std::string::npos);
  }
}

TEST_CASE("a checkpoint of another run is refused with what differs") {
  Session session(small_plan(), {.threads = 1});
  const Dataset data = encode(small_corpus(), session.encoder(), session.labels());
  Dataset other = data;
  other.labels[3] ^= 1;
  const auto print = [&](const Dataset& train, const Dataset* valid, const Plan& start,
                         const TrainSettings& settings) {
    return fingerprint_of(start, false, train, valid, to_string(settings));
  };
  const Plan& start = session.plan();
  const TrainSettings settings{};
  Checkpoint saved;
  saved.fingerprint = print(data, &data, start, settings);
  saved.now = start;
  const auto message = [&](const Fingerprint& wanted, const Plan& began) -> std::string {
    try {
      expect_same_run(saved, wanted, began, "run.checkpoint");
    } catch (const Error& e) {
      return e.what();
    }
    return "the same";
  };
  CHECK(message(print(data, &data, start, settings), start) == "the same");
  const auto says = [&](const Fingerprint& wanted, std::string_view part) {
    CHECK(message(wanted, start).find(part) != std::string::npos);
  };
  says(print(other, &data, start, settings), "other training data");
  says(print(data, &other, start, settings), "other validation data");
  says(print(data, nullptr, start, settings), "other validation data");
  says(print(data, &data, start, {.epochs = 11}),
       "other settings: epochs=10\n    note: this run has epochs=11; give");
  const auto says_of_start = [&](const Plan& other_start, std::string_view part) {
    const std::string said = message(print(data, &data, other_start, settings), other_start);
    CHECK(said.find(part) != std::string::npos);
  };
  says_of_start(small_plan(test::kSmallModel, {"train.seed=2"}), "train.seed=2");
  std::string clipped(test::kSmallModel);
  clipped.insert(clipped.size() - 1, " clip_norm=3");
  says_of_start(small_plan(clipped),
                "this run has line 8 `train  adam(rate=0.01) batch=8 epochs=3 "
                "clip_norm=3`");
  says_of_start(run(small_plan(), settings).plan, "other weights, words or labels at its start");
}

}  // namespace
}  // namespace weft
