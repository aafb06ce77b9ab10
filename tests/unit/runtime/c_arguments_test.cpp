// The C interface and arguments that cannot be: no session, counts and lengths that were negative
// numbers, threads that no machine has. Each is a status with a message, never a crash.
#include <doctest/doctest.h>

#include <array>
#include <climits>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/resources/threads.h"
#include "runtime/weft.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

constexpr auto kMinusOne = static_cast<std::size_t>(-1);

void said(std::string_view part) {
  CHECK_MESSAGE(std::string_view(weft_error()).find(part) != std::string_view::npos,
                std::string(weft_error()));
}

weft_session* opened(int threads, int train) {
  const std::vector<std::byte> plan = encode_plan(test::small_plan());
  return weft_load_memory(plan.data(), plan.size(), threads, train);
}

std::vector<std::byte> saved(weft_session* session) {
  void* plan = nullptr;
  std::size_t size = 0;
  REQUIRE(weft_save_memory(session, &plan, &size) == WEFT_OK);
  const auto* const bytes = static_cast<const std::byte*>(plan);
  std::vector<std::byte> copy(bytes, bytes + size);
  weft_free_bytes(plan);
  return copy;
}

// Every call that is given `count` texts or ids.
struct Calls {
  std::array<const char*, 2> texts{"hot", "cold"};
  std::array<std::size_t, 2> lengths{3, 4};
  std::array<std::int32_t, 2> ids{1, 2};
  std::array<std::int64_t, 3> offsets{0, 1, 2};
  std::array<std::int32_t, 4> labels{};
  std::array<std::size_t, 2> counts{};
  std::array<float, 4> numbers{};

  // As the calls take them.
  const char** t = texts.data();
  std::size_t* l = lengths.data();
  std::int32_t* i = ids.data();
  std::int64_t* o = offsets.data();
  std::int32_t* out = labels.data();
  std::size_t* found = counts.data();
  float* p = numbers.data();

  using Call = std::function<weft_status(weft_session*, std::size_t count)>;
  std::vector<Call> of_texts() {
    return {[this](auto* c, auto n) { return weft_predict(c, t, l, n, out, p); },
            [this](auto* c, auto n) { return weft_predict_top(c, t, l, n, 1, out, p); },
            [this](auto* c, auto n) { return weft_classify(c, t, l, n, found, out, p); },
            [this](auto* c, auto n) { return weft_predict_logits(c, t, l, n, p); },
            [this](auto* c, auto n) { return weft_train_step(c, t, l, n, out, 0.1, nullptr); },
            [this](auto* c, auto n) {
              return weft_train_step_labels(c, t, l, n, out, o, 0.1, nullptr);
            }};
  }
  std::vector<Call> of_pairs() {
    return {
        [this](auto* c, auto n) { return weft_predict_pairs(c, t, nullptr, t, l, n, out, p); },
        [this](auto* c, auto n) {
          return weft_predict_top_pairs(c, t, nullptr, t, l, n, 1, out, p);
        },
        [this](auto* c, auto n) {
          return weft_classify_pairs(c, t, nullptr, t, l, n, found, out, p);
        },
        [this](auto* c, auto n) { return weft_predict_logits_pairs(c, t, nullptr, t, l, n, p); },
        [this](auto* c, auto n) {
          return weft_train_step_pairs(c, t, nullptr, t, l, n, out, 0.1, nullptr);
        },
        [this](auto* c, auto n) {
          return weft_train_step_labels_pairs(c, t, nullptr, t, l, n, out, o, 0.1, nullptr);
        }};
  }
  std::vector<Call> of_ids() {
    return {
        [this](auto* c, auto n) { return weft_predict_ids(c, i, nullptr, o, n, out, p); },
        [this](auto* c, auto n) { return weft_predict_top_ids(c, i, nullptr, o, n, 1, out, p); },
        [this](auto* c, auto n) { return weft_classify_ids(c, i, nullptr, o, n, found, out, p); },
        [this](auto* c, auto n) { return weft_predict_logits_ids(c, i, nullptr, o, n, p); },
        [this](auto* c, auto n) {
          return weft_train_step_ids(c, i, nullptr, o, n, out, 0.1, nullptr);
        },
        [this](auto* c, auto n) {
          return weft_train_step_labels_ids(c, i, nullptr, o, n, out, o, 0.1, nullptr);
        }};
  }
};

TEST_CASE("C: without a session, or with a count that was negative, a call is a bad argument") {
  Calls calls;
  weft_session* c = opened(1, 1);
  REQUIRE(c != nullptr);
  for (const auto& form : {calls.of_texts(), calls.of_pairs(), calls.of_ids()}) {
    for (const Calls::Call& call : form) {
      CHECK(call(nullptr, 2) == WEFT_BAD_ARGUMENT);
      said("no session");
      for (const std::size_t count : {kMinusOne, kMinusOne / 2, kMinusOne / 4 + 1}) {
        CHECK(call(c, count) == WEFT_BAD_ARGUMENT);
        said("there cannot be " + std::to_string(count) + " texts");
      }
    }
  }
  for (const auto& form : {calls.of_texts(), calls.of_ids()}) {
    for (const Calls::Call& call : form) CHECK(call(c, 2) == WEFT_OK);
  }
  weft_free(c);
}

TEST_CASE("C: no texts at all are answered by nothing, and teach nothing") {
  Calls calls;
  calls.labels.fill(-7);
  calls.numbers.fill(-7);
  weft_session* c = opened(1, 1);
  REQUIRE(c != nullptr);
  const auto before = saved(c);
  for (const auto& form : {calls.of_texts(), calls.of_ids()}) {
    for (std::size_t i = 0; i < form.size(); ++i) {
      const bool trains = i >= 4;
      CHECK(form[i](c, 0) == (trains ? WEFT_BAD_ARGUMENT : WEFT_OK));
      if (trains) said("needs at least one text");
    }
  }
  CHECK(calls.labels == std::array{-7, -7, -7, -7});
  CHECK(calls.numbers == std::array{-7.0F, -7.0F, -7.0F, -7.0F});
  CHECK(saved(c) == before);
  weft_free(c);
}

TEST_CASE("C: a length that was negative is a bad argument") {
  Calls calls;
  weft_session* c = opened(1, 1);
  REQUIRE(c != nullptr);
  calls.lengths[1] = kMinusOne;
  for (const Calls::Call& call : calls.of_texts()) {
    CHECK(call(c, 2) == WEFT_BAD_ARGUMENT);
    said("texts[1] cannot have 18446744073709551615 bytes");
  }
  for (const Calls::Call& call : calls.of_pairs()) {
    CHECK(call(c, 2) == WEFT_BAD_ARGUMENT);
    said("pairs[1] cannot have 18446744073709551615 bytes");
  }
  calls.texts[1] = nullptr;
  for (const Calls::Call& call : calls.of_texts()) {
    CHECK(call(c, 2) == WEFT_BAD_ARGUMENT);
    said("texts[1] is null");
  }
  std::size_t count = 0;
  CHECK(weft_encode(c, "hot", kMinusOne, nullptr, 0, nullptr, nullptr, 0, &count) ==
        WEFT_BAD_ARGUMENT);
  CHECK(weft_encode(c, "hot", 3, "hot", kMinusOne, nullptr, nullptr, 0, &count) ==
        WEFT_BAD_ARGUMENT);
  CHECK(weft_encode(c, nullptr, 3, nullptr, 0, nullptr, nullptr, 0, &count) == WEFT_BAD_ARGUMENT);
  CHECK(weft_token_count(c, "hot", kMinusOne) == kMinusOne);
  said("texts[0] cannot have");
  weft_free(c);
  CHECK(weft_load_memory("hot", kMinusOne, 1, 0) == nullptr);
  said("a plan cannot have so many bytes");
  CHECK(weft_load_memory("hot", kMinusOne / 2, 1, 0) == nullptr);
  said("not enough memory");
}

TEST_CASE("C: a plan is refused with threads that cannot be, before memory is taken for each") {
  for (const int threads : {-1, INT_MIN, kMaxThreads + 1, INT_MAX}) {
    for (const int train : {0, 1}) {
      CHECK(opened(threads, train) == nullptr);
      said("a session cannot have " + std::to_string(threads) + " threads");
    }
  }
  for (const int threads : {0, 1, 64}) {
    weft_session* c = opened(threads, 1);
    CHECK(c != nullptr);
    weft_free(c);
  }
}

}  // namespace
}  // namespace weft
