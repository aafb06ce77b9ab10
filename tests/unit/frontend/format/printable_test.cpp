// Text from files cannot rewrite a terminal.
#include "frontend/format/printable.h"

#include <doctest/doctest.h>

namespace weft {
namespace {

TEST_CASE("printable: control characters, bytes that are not UTF-8 and turns are escaped") {
  CHECK(printable("plain\ttext\n房间 é 😀") == "plain\ttext\n房间 é 😀");
  CHECK(printable("\x1B[2J\r\x07\x7F") == "\\x1B[2J\\x0D\\x07\\x7F");
  CHECK(printable("a\xFF\xE5\x88") == "a\\xFF\\xE5\\x88");
  CHECK(printable("\u009B"
                  "31m \u202Etxt") == "\\u009B31m \\u202Etxt");
  CHECK(printable("\uFFFD") == "\uFFFD");
}

}  // namespace
}  // namespace weft
