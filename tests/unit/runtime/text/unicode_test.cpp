// White space without ICU is ICU's.
#include "runtime/text/unicode.h"

#include <doctest/doctest.h>
#include <unicode/uchar.h>

namespace weft {
namespace {

TEST_CASE("white space is what ICU takes for it") {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (is_white_space(c) == (u_isUWhiteSpace(static_cast<UChar32>(c)) != 0)) continue;
    CAPTURE(static_cast<unsigned>(c));
    FAIL_CHECK("ICU has it otherwise");
  }
}

}  // namespace
}  // namespace weft
