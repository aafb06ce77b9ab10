// Files replaced in one step hold what was written, in whatever pieces.
#include "ir/file.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "tests/support/temporary_file.h"

namespace weft {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20U;

TEST_CASE("parts of any length are read back") {
  // Sizes of alternating parts of ones and zeros.
  for (const std::vector<std::size_t>& parts :
       {std::vector<std::size_t>{5, 3 * kMegabyte + 7, kMegabyte, 2 * kMegabyte},
        std::vector<std::size_t>{0, kMegabyte}, std::vector<std::size_t>{0, kMegabyte - 1},
        std::vector<std::size_t>{kMegabyte, 0, 1, 4 * kMegabyte, 1}}) {
    const TemporaryFile place("parts", "old");
    std::vector<std::byte> expected;
    AtomicFile file(place.path());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::vector<std::byte> part(parts[i], i % 2 == 0 ? std::byte{1} : std::byte{0});
      file.write(part);
      expected.insert(expected.end(), part.begin(), part.end());
    }
    file.commit();
    const MappedFile read(place.path());
    CHECK(read.bytes().size() == expected.size());
    CHECK(std::ranges::equal(read.bytes(), expected));
  }
}

}  // namespace
}  // namespace weft
