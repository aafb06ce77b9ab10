// Numbers in text.
#include "frontend/format/format_number.h"

#include <doctest/doctest.h>

#include <cstdint>

namespace weft {
namespace {

TEST_CASE("numbers: thousands are set apart") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(-123456) == "-123,456");
  CHECK(grouped(INT64_MAX) == "9,223,372,036,854,775,807");
}

TEST_CASE("numbers: zero has no sign") {
  CHECK(rounded(-0.0) == "0.0000");
  CHECK(rounded(-1e-9) == "0.0000");
  CHECK(rounded(-0.00006) == "-0.0001");
  CHECK(rounded(1.23456) == "1.2346");
}

TEST_CASE("numbers: a share is told from nothing and from all") {
  CHECK(percent(0.6234) == "62.3");
  CHECK(percent(0.999) == "99.90");
  CHECK(percent(19999.0 / 20000) == "99.9950");
  CHECK(percent(0.000123) == "0.012");
  CHECK(percent(0) == "0.0");
  CHECK(percent(1) == "100.0");
  CHECK(percent(1e-30) == "0.000000000");
}

}  // namespace
}  // namespace weft
