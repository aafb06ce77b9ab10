// A session whose plan splits training: the rows of texts, steps and answers made of them.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "runtime/session.h"
#include "tests/support/frozen_model.h"

namespace weft {
namespace {

constexpr std::string_view kModels[] = {test::kTokenRows, test::kTextRows};

struct Training {
  Session session;
  Dataset data;
  Batches batches;

  explicit Training(Plan plan, int threads = 1)
      : session(std::move(plan), {.threads = threads, .train = true}),
        data(encode(test::small_corpus(), session.encoder(), session.labels())),
        batches(data, 8, session.train_capacity(), 1) {
    batches.start(1);
  }
};

TEST_CASE("a step from texts, from ids and from rows is one step, bit for bit") {
  for (const std::string_view model : kModels) {
    Training unsplit(test::unsplit_plan(model));
    Training ids(test::frozen_plan(model));
    Training rows(test::frozen_plan(model));
    Training threads(test::frozen_plan(model), 3);
    std::vector<float> encoded;
    while (unsplit.batches.next()) {
      ids.batches.next();
      const PackedIds texts = unsplit.batches.texts();
      const PackedLabels labels = unsplit.batches.labels();
      const double loss = unsplit.session.train_step(texts, labels, 0.01);
      CHECK(ids.session.train_step(ids.batches.texts(), ids.batches.labels(), 0.01) == loss);
      rows.session.encode(texts, encoded);
      CHECK(rows.session.train_step(texts, labels, 0.01, encoded) == loss);
      threads.session.train_step(texts, labels, 0.01);
    }
    const std::vector<std::string_view> words = {"hot w1 w2", "", "cold"};
    const std::vector<std::int32_t> labels = {0, 1, 1};
    CHECK(unsplit.session.train_step(words, {labels}, 0.01) ==
          ids.session.train_step(words, {labels}, 0.01));
  }
}

TEST_CASE("answers from rows are those from texts, after steps too") {
  for (const std::string_view model : kModels) {
    Training t(test::frozen_plan(model));
    REQUIRE(t.session.can_predict_rows());
    for (int turn = 0; turn < 2; ++turn) {
      std::vector<float> rows;
      t.session.encode(t.data.texts(), rows);
      Predictions from_rows;
      Predictions from_texts;
      t.session.predict_rows(t.data.texts(), rows, from_rows);
      t.session.predict_ids(t.data.texts(), from_texts);
      REQUIRE(from_rows.size() == t.data.size());
      for (std::size_t i = 0; i < t.data.size(); ++i) {
        CAPTURE(i);
        for (std::size_t c = 0; c < 2; ++c) {
          CHECK(from_rows.logits(i)[c] == doctest::Approx(from_texts.logits(i)[c]).epsilon(1e-5));
        }
      }
      while (t.batches.next()) {
        t.session.train_step(t.batches.texts(), t.batches.labels(), 0.01);
      }
    }
  }
}

std::string message(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("rows of other texts, of plans without any and of texts that are too long are refused") {
  Training t(test::frozen_plan(test::kTokenRows));
  t.batches.next();
  std::vector<float> rows;
  t.session.encode(t.batches.texts(), rows);
  rows.pop_back();
  const auto step = [&] {
    t.session.train_step(t.batches.texts(), t.batches.labels(), 0.01, rows);
  };
  CHECK(message(step).find("the rows are") != std::string::npos);
  Predictions out;
  CHECK(message([&] {
          t.session.predict_rows(t.batches.texts(), rows, out);
        }).find("the rows are") != std::string::npos);

  Training plain(test::small_plan());
  CHECK_FALSE(plain.session.can_predict_rows());
  CHECK(message([&] {
          plain.session.encode(plain.data.texts(), rows);
        }).find("no frozen encoder") != std::string::npos);
  CHECK(message([&] {
          plain.session.predict_rows(plain.data.texts(), rows, out);
        }).find("no program that predicts from rows") != std::string::npos);

  Plan plan = test::frozen_plan(test::kTokenRows);
  for (Graph& program : plan.programs) {
    if (program.name != "encode") continue;
    for (Symbol& symbol : program.symbols) {
      if (symbol.name == "T") symbol.capacity = 4;
    }
  }
  Training narrow(std::move(plan));
  CHECK(message([&] {
          narrow.session.encode(narrow.data.texts(), rows);
        }).find("is above the capacity of program @encode, 4 words") != std::string::npos);
}

TEST_CASE("a plan whose training reads rows must make them") {
  Plan plan = test::frozen_plan(test::kTextRows);
  plan.text.unify_marks = false;  // which has a later version
  check_plan(plan);
  CHECK(encode_plan(plan)[8] == std::byte{3});  // the version, which an older weft refuses
  const auto without = [&](std::string_view name) {
    Plan less = plan;
    std::erase_if(less.programs, [&](const Graph& program) { return program.name == name; });
    return less;
  };
  check_plan(without("head"));
  CHECK(message([&] {
          check_plan(without("encode"));
        }).find("reads %rows, but no program @encode makes them") != std::string::npos);
  Plan other = without("encode");
  const Plan tokens = test::frozen_plan(test::kTokenRows);
  other.programs.push_back(*tokens.program("encode"));
  CHECK(message([&] { check_plan(other); }).find("makes others") != std::string::npos);
}

}  // namespace
}  // namespace weft
