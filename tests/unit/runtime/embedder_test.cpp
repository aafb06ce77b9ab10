// What an application includes leaves the plain words of its own language to it: were one of them a
// function of namespace weft in these headers, this file would not compile.
#include <doctest/doctest.h>

#include "runtime/session.h"
#include "runtime/weft.h"

namespace weft {
namespace {

constexpr int fail = 1, at = 2, index = 3, find = 4, check = 5, describe = 6, required = 7,
              product = 8, rounded = 9, checksum = 10, internal_error = 11, hash_word = 12;

TEST_CASE("the headers of an application take no plain words") {
  CHECK(fail + at + index + find + check + describe + required + product + rounded + checksum +
            internal_error + hash_word ==
        78);
}

}  // namespace
}  // namespace weft
