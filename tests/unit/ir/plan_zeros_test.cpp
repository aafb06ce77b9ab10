// Tensors of zeros, such as an optimizer's first states, take no room in a plan file.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "ir/aligned_bytes.h"
#include "ir/plan/format.h"
#include "tests/support/plan_fixture.h"

namespace weft {
namespace {

constexpr std::int64_t kCount = 40'009;  // found once in a file, where a type says it

// A plan with one more state, of that many numbers.
Plan with_state(std::vector<float> numbers) {
  Plan plan = example_plan();
  const auto size = static_cast<std::int64_t>(numbers.size());
  const TensorType type{DType::f32, {Dim(size)}, {}};
  plan.tensors.push_back({"more", type, Role::state, kept(plan, std::move(numbers))});
  return plan;
}

plan_format::Header header_of(std::span<const std::byte> bytes) {
  plan_format::Header header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

std::vector<float> zeros() { return std::vector<float>(static_cast<std::size_t>(kCount), 0.0F); }

TEST_CASE("zeros are left out of the file and come back from it") {
  const std::vector<std::byte> without = encode_plan(example_plan());
  const std::vector<std::byte> bytes = encode_plan(with_state(zeros()));
  CHECK(bytes.size() < without.size() + 512);
  CHECK(header_of(bytes).version == 3);
  const Plan plan = decode_plan(bytes);
  const PlanTensor& more = *plan.tensor("more");
  CHECK(more.bytes.size() == kCount * sizeof(float));
  CHECK(all_zero(more.bytes));
  CHECK(encode_plan(plan) == bytes);
}

TEST_CASE("one number that is not zero, at either end, and all are in the file") {
  for (const std::size_t at : {std::size_t{0}, static_cast<std::size_t>(kCount - 1)}) {
    std::vector<float> numbers = zeros();
    numbers[at] = -0.0F;  // its bits are not zero
    const std::vector<std::byte> bytes = encode_plan(with_state(numbers));
    CHECK(bytes.size() > kCount * sizeof(float));
    CHECK(header_of(bytes).version == 1);
    const Plan plan = decode_plan(bytes);
    CHECK(std::memcmp(plan.tensor("more")->bytes.data(), numbers.data(), kCount * sizeof(float)) ==
          0);
  }
}

TEST_CASE("a copy to fresh bytes is the same bytes, whatever part of them is zero") {
  constexpr std::size_t kSize = (std::size_t{5} << 16U) + 3;  // several pieces and a bit
  std::vector<std::byte> from(kSize);
  for (const std::size_t at : {std::size_t{0}, std::size_t{1} << 17U, kSize - 1}) {
    from[at] = std::byte{9};
    const AlignedBytes to(kSize);
    copy_to_fresh(from, to.data());
    CHECK(std::memcmp(to.data(), from.data(), kSize) == 0);
  }
}

TEST_CASE("a few zeros are written, so that older programs read the file") {
  CHECK(header_of(encode_plan(with_state(std::vector<float>(1000, 0.0F)))).version == 1);
}

// The plan file with another number where it says `from`, its checksums made right.
std::vector<std::byte> changed(std::vector<std::byte> bytes, std::int64_t from, std::int64_t to) {
  plan_format::Header header = header_of(bytes);
  const auto structure = std::span(bytes).subspan(sizeof header, header.structure_size);
  const auto pattern = std::as_bytes(std::span(&from, 1));
  const auto found =
      std::search(structure.begin(), structure.end(), pattern.begin(), pattern.end());
  REQUIRE(found != structure.end());
  std::memcpy(&*found, &to, sizeof to);
  header.structure_checksum = plan_format::checksum(structure);
  header.header_checksum = plan_format::checksum(header);
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

TEST_CASE("a size that cannot be is refused, for no byte of the file stands for it") {
  const std::vector<std::byte> bytes = encode_plan(with_state(zeros()));
  CHECK(decode_plan(changed(bytes, kCount, 5)).tensor("more")->bytes.size() == 5 * sizeof(float));
  for (const std::int64_t size : {std::int64_t{-1}, (std::int64_t{1} << 40) + 1, INT64_MAX}) {
    CAPTURE(size);
    CHECK_THROWS_AS(decode_plan(changed(bytes, kCount, size)), Error);
  }
}

}  // namespace
}  // namespace weft
