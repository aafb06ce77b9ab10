// Plans that wait on disk: the same bytes, whatever becomes of what they were copied from, and in
// memory where there is no place to write.
#include "frontend/train/spill.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "tests/support/temporary_file.h"

namespace weft {
namespace {

// Two tensors, one of a size that is no multiple of a cache line, `megabytes` together.
Plan plan_of(std::vector<std::byte>& bytes, std::size_t megabytes) {
  bytes.resize(megabytes << 20U);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 % 251);
  Plan plan;
  const std::span<const std::byte> all(bytes);
  const auto tensor = [&](const char* name, std::size_t begin, std::size_t size) {
    const auto n = static_cast<std::int64_t>(size / 4);
    plan.tensors.push_back(
        {name, {DType::f32, {Dim(n)}, {}}, Role::param, all.subspan(begin, size)});
  };
  tensor("a", 0, 1020);
  tensor("b", 1020, bytes.size() - 1020);
  return plan;
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST_CASE("a spilled plan has its bytes when their source has changed") {
  const TemporaryFile place("spill", "");
  const std::filesystem::path folder = place.path() + ".folder";
  std::filesystem::create_directory(folder);
  for (const std::size_t megabytes : {1U, 20U}) {
    CAPTURE(megabytes);
    std::vector<std::byte> bytes;
    const Plan plan = plan_of(bytes, megabytes);
    for (const std::string& where :
         {folder.string(), std::string(), std::string("/nowhere/at/all")}) {
      CAPTURE(where);
      const std::vector<std::byte> before = bytes;
      const Plan copy = spilled(plan, where);
      CHECK(files_in(folder) == 0);  // it has no name
      std::ranges::fill(bytes, std::byte{0});
      REQUIRE(copy.tensors.size() == 2);
      std::ranges::for_each(copy.tensors, page_out);  // and read again
      CHECK(std::equal(copy.tensors[0].bytes.begin(), copy.tensors[0].bytes.end(), before.begin()));
      CHECK(std::equal(copy.tensors[1].bytes.begin(), copy.tensors[1].bytes.end(),
                       before.begin() + 1020));
      CHECK(reinterpret_cast<std::uintptr_t>(copy.tensors[1].bytes.data()) % 64 == 0);
      bytes = before;
    }
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace weft
