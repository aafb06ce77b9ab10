// Hostile plan files: thousands of seeded mutations either are refused with an Error or decode into
// a plan that obeys every rule and runs. Checksums are made right again, so that what lies behind
// is tested.
// WEFT_FUZZ_ROUNDS=100000 in the environment runs longer.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

#include "ir/plan/format.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "runtime/session.h"
#include "tests/support/plan_fixture.h"
#include "tests/support/rounds.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

using plan_format::Header;

class Mutator {
 public:
  Mutator(std::vector<std::byte>& bytes, std::uint32_t seed) : bytes_(bytes), random_(seed) {}

  std::size_t below(std::size_t n) { return n == 0 ? 0 : random_() % n; }

  // One change within [begin, end): of the kinds that bad disks, bad programs and bad people make.
  void mutate(std::size_t begin, std::size_t end) {
    const std::size_t at = begin + below(end - begin);
    const std::size_t left = end - at;
    switch (below(6)) {
      case 0:
        bytes_[at] ^= std::byte{static_cast<unsigned char>(1U << below(8))};
        break;
      case 1:
        bytes_[at] = static_cast<std::byte>(below(256));
        break;
      case 2:
        put<std::uint32_t>(at - at % 4, static_cast<std::uint32_t>(interesting()), end);
        break;
      case 3:
        put<std::uint64_t>(at - at % 8, interesting(), end);
        break;
      case 4: {  // some bytes from elsewhere
        const std::size_t size = std::min(left, 1 + below(32));
        std::memmove(&bytes_[at], &bytes_[begin + below(end - begin - size + 1)], size);
        break;
      }
      default: {  // a small step in a number or an offset
        std::uint32_t number = 0;
        const std::size_t place = at - at % 4;
        if (place + sizeof number > end) break;
        std::memcpy(&number, &bytes_[place], sizeof number);
        put(place, number + static_cast<std::uint32_t>(below(9)) - 4U, end);
      }
    }
  }

 private:
  std::uint64_t interesting() {
    static constexpr std::array<std::uint64_t, 16> values{
        0,          1,          2,          3,          63,         64,
        0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1ULL << 32, 1ULL << 40, (1ULL << 40) + 1,
        1ULL << 46, 1ULL << 62, 1ULL << 63, ~0ULL};
    return values[below(values.size())];
  }

  template <class T>
  void put(std::size_t at, T value, std::size_t end) {
    if (at + sizeof value <= end) std::memcpy(&bytes_[at], &value, sizeof value);
  }

  std::vector<std::byte>& bytes_;
  std::mt19937 random_;
};

Header header_of(const std::vector<std::byte>& bytes) {
  Header header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

// Makes the checksums of the header and of the structure right, and the size.
void mend(std::vector<std::byte>& bytes) {
  Header header = header_of(bytes);
  header.file_size = bytes.size();
  const auto rest = std::span(bytes).subspan(sizeof header);
  header.structure_checksum =
      plan_format::checksum(rest.first(std::min<std::size_t>(rest.size(), header.structure_size)));
  header.header_checksum = plan_format::checksum(header);
  std::memcpy(bytes.data(), &header, sizeof header);
}

// Makes the checksum of a segment right, wherever the structure holds it.
void mend_segment(std::vector<std::byte>& bytes, std::uint64_t before, std::uint64_t after) {
  const std::size_t end = sizeof(Header) + header_of(bytes).structure_size;
  for (std::size_t at = sizeof(Header); at + sizeof before <= end; at += sizeof(std::uint32_t)) {
    if (std::memcmp(&bytes[at], &before, sizeof before) == 0) {
      std::memcpy(&bytes[at], &after, sizeof after);
    }
  }
  mend(bytes);
}

// Predicts no, one and many texts, and trains a step where it can: with an answer or an Error.
void use(const Plan& plan) {
  constexpr std::int64_t kMax = 1 << 24;  // bytes: what is merely large is not of interest here
  for (const Graph& graph : plan.programs) {
    if (graph.arena_bytes > kMax || plan.text.max_tokens > kMax) return;
  }
  try {
    Session session(plan, {.threads = 1, .train = plan.program("train") != nullptr});
    const std::vector<std::string_view> texts{"a", "", "the 电影 a", "电影", "an a the the the a a",
                                              "a"};
    Predictions out;
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, texts.size()}) {
      session.predict(std::span(texts).first(count), out);
      CHECK(out.size() == count);
    }
    if (plan.program("train") == nullptr) return;
    const std::vector<std::int32_t> labels{1, 0};
    session.train_step(std::span(texts).first(2), {labels}, 0.01);
    session.snapshot();
  } catch (const Error&) {
    // refused in its own words
  }
}

// Whether it decoded. Then it must be as good as any plan.
bool survives(const std::vector<std::byte>& bytes) {
  Plan plan;
  try {
    plan = decode_plan(bytes);
  } catch (const Error& error) {
    CHECK(std::string_view(error.what()).starts_with("<memory>: "));
    return false;
  }
  check_plan(plan);
  std::string text;
  for (const Graph& graph : plan.programs) text += print(graph);
  const std::vector<std::byte> again = encode_plan(plan);
  CHECK(encode_plan(decode_plan(again)) == again);
  use(plan);
  return true;
}

TEST_CASE("random changes are found by a checksum") {
  const std::vector<std::byte> whole = encode_plan(example_plan());
  for (std::uint32_t seed = 0; seed < rounds(2000); ++seed) {
    std::vector<std::byte> bytes = whole;
    Mutator mutator(bytes, seed);
    for (std::size_t i = mutator.below(4); i < 4; ++i) mutator.mutate(0, bytes.size());
    if (mutator.below(4) == 0) bytes.resize(mutator.below(bytes.size()));
    CAPTURE(seed);
    CHECK(survives(bytes) == (bytes == whole));
  }
}

TEST_CASE("parts of two plans make none, even where both are laid out alike") {
  Plan plan = example_plan();
  const std::vector<std::byte> one = encode_plan(plan);
  const auto& weights = plan.tensors.front().bytes;
  std::vector<std::byte> changed(weights.begin(), weights.end());
  changed.front() ^= std::byte{1};
  plan.tensors.front().bytes = changed;
  const std::vector<std::byte> other = encode_plan(plan);
  REQUIRE(one.size() == other.size());
  CHECK(survives(other));
  for (const std::size_t border :
       {sizeof(Header), sizeof(Header) + header_of(one).structure_size}) {
    std::vector<std::byte> both = other;
    std::copy_n(one.begin(), border, both.begin());
    CHECK_FALSE(survives(both));
  }
}

// How many of so many plans with a hostile structure decoded.
std::size_t decoded_of(const Plan& plan, std::size_t count) {
  const std::vector<std::byte> whole = encode_plan(plan);
  const std::size_t end = sizeof(Header) + header_of(whole).structure_size;
  std::size_t decoded = 0;
  for (std::uint32_t seed = 0; seed < count; ++seed) {
    std::vector<std::byte> bytes = whole;
    Mutator mutator(bytes, seed);
    for (std::size_t i = mutator.below(3); i < 3; ++i) mutator.mutate(sizeof(Header), end);
    mend(bytes);
    CAPTURE(seed);
    decoded += survives(bytes) ? 1 : 0;
  }
  return decoded;
}

TEST_CASE("behind right checksums, a hostile structure is refused or harmless") {
  // Names and comments are free: the deep checks were reached.
  CHECK(decoded_of(example_plan(), rounds(4000)) > 0);
  // With ids beyond the vocabulary's words.
  CHECK(
      decoded_of(test::small_plan(test::kSmallModel, {"text.tokenizer=ngrams", "text.buckets=30"}),
                 rounds(1000)) > 0);
  // With what is made at load and what training puts off.
  CHECK(decoded_of(test::small_plan(), rounds(1500)) > 0);
  CHECK(decoded_of(test::small_plan(test::kSmallModel, {"text.long=windows", "max_tokens=2",
                                                        "max_windows=3", "overlap=1"}),
                   rounds(1500)) > 0);
  // With values that are columns of another, and outputs left out.
  const Plan parts = test::small_plan(
      "model parts\ntext tokenizer=whitespace max_tokens=12\nx = embedding(text, width=8)\n"
      "logits = concat(x | max_pool, x | mean_pool) | linear(labels)\noutput softmax(logits)\n"
      "train sgd(rate=0.01) batch=8 epochs=3\n");
  REQUIRE(print(*parts.program("predict")).find("in %logits.concat+8") != std::string::npos);
  CHECK(decoded_of(parts, rounds(1500)) > 0);
}

TEST_CASE("behind right checksums, a hostile header is refused") {
  const std::vector<std::byte> whole = encode_plan(example_plan());
  for (std::uint32_t seed = 0; seed < rounds(2000); ++seed) {
    std::vector<std::byte> bytes = whole;
    Mutator mutator(bytes, seed);
    mutator.mutate(0, sizeof(Header) - sizeof(std::uint64_t));
    Header header = header_of(bytes);
    header.header_checksum = plan_format::checksum(header);
    std::memcpy(bytes.data(), &header, sizeof header);
    CAPTURE(seed);
    CHECK(survives(bytes) == (bytes == whole));
  }
}

TEST_CASE("behind right checksums, a file cut short or grown is refused") {
  const std::vector<std::byte> whole = encode_plan(example_plan());
  for (std::size_t size = sizeof(Header); size < whole.size() + 130; size += 5) {
    if (size == whole.size()) continue;
    std::vector<std::byte> bytes = whole;
    bytes.resize(size);
    mend(bytes);
    CAPTURE(size);
    CHECK_FALSE(survives(bytes));
  }
}

TEST_CASE("behind right checksums, a weight that is no finite number is refused by name") {
  const Plan plan = example_plan();
  const std::vector<std::byte> whole = encode_plan(plan);
  const PlanTensor& tensor = *std::ranges::find(plan.tensors, Role::param, &PlanTensor::role);
  const auto at = static_cast<std::size_t>(
      std::search(whole.begin(), whole.end(), tensor.bytes.begin(), tensor.bytes.end()) -
      whole.begin());
  REQUIRE(at + tensor.bytes.size() <= whole.size());
  constexpr float kInfinite = std::numeric_limits<float>::infinity();
  for (const float value : {NAN, -NAN, kInfinite, -kInfinite, 3.4e38F, -1e-40F}) {
    for (const std::size_t element : {std::size_t{0}, tensor.bytes.size() / sizeof value - 1}) {
      std::vector<std::byte> bytes = whole;
      std::memcpy(&bytes[at + element * sizeof value], &value, sizeof value);
      mend_segment(bytes, plan_format::checksum(tensor.bytes),
                   plan_format::checksum(std::span(bytes).subspan(at, tensor.bytes.size())));
      if (std::isfinite(value)) {
        CHECK_NOTHROW(decode_plan(bytes));
      } else {
        CHECK_THROWS_WITH_AS(
            decode_plan(bytes),
            doctest::Contains(
                fmt::format("%{} holds a value that is not finite", tensor.name).c_str()),
            Error);
      }
    }
  }
  // None is written, either.
  Plan ruined = plan;
  PlanTensor& weights = *std::ranges::find(ruined.tensors, Role::param, &PlanTensor::role);
  std::vector<std::byte> values(weights.bytes.begin(), weights.bytes.end());
  std::memcpy(values.data(), &kInfinite, sizeof kInfinite);
  weights.bytes = values;
  CHECK_THROWS_WITH_AS(encode_plan(ruined), doctest::Contains("a value that is not finite"), Error);
}

TEST_CASE("behind right checksums, a hostile vocabulary is refused or adds up") {
  const Plan plan = example_plan();
  const std::vector<std::byte> whole = encode_plan(plan);
  const auto ends = std::as_bytes(plan.vocabulary.ends);
  const auto at = static_cast<std::size_t>(
      std::search(whole.begin(), whole.end(), ends.begin(), ends.end()) - whole.begin());
  REQUIRE(at + ends.size() <= whole.size());
  for (std::uint32_t seed = 0; seed < rounds(500); ++seed) {
    std::vector<std::byte> bytes = whole;
    Mutator mutator(bytes, seed);
    mutator.mutate(at, at + ends.size());
    mend_segment(bytes, plan_format::checksum(ends),
                 plan_format::checksum(std::span(bytes).subspan(at, ends.size())));
    CAPTURE(seed);
    survives(bytes);
  }
}

}  // namespace
}  // namespace weft
