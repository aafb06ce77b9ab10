// Packed copies: made when they must be, given back, packed over.
#include "runtime/resources/packed_copies.h"

#include <doctest/doctest.h>

#include <cstring>

namespace weft {
namespace {

TEST_CASE("packed copies that were given back are made again, whatever the version") {
  PackedCopies copies;
  const auto copy = copies.find_or_make(&copies, "order", std::size_t{4} << 20U);
  int made = 0;
  const auto make = [&](std::byte* bytes) {
    ++made;
    bytes[0] = std::byte{7};
  };
  copy->refresh(3, make);
  copy->refresh(3, make);
  CHECK(made == 1);
  copies.discard();
  CHECK(copy->data()[0] == std::byte{0});  // a large block's memory went back to the system
  copy->refresh(3, make);
  CHECK(made == 2);
  CHECK(copy->data()[0] == std::byte{7});
}

TEST_CASE("scratch has room for the largest tensor in each of its orders") {
  PackedScratch scratch;
  const auto first = scratch.find(0, 100);
  const auto second = scratch.find(1, 10);
  CHECK(scratch.find(0, 5000) == first);
  CHECK(second != first);
  int made = 0;
  const auto make = [&](std::byte* bytes) {
    ++made;
    std::memset(bytes, made, 5000);
  };
  for (int i = 0; i < 2; ++i) first->refresh(0, make);
  CHECK(made == 2);  // version 0: each time
  CHECK(first->data()[4999] == std::byte{2});
}

}  // namespace
}  // namespace weft
