// Text from files cannot rewrite a terminal.
#include "frontend/format/escape_controls.h"

#include <doctest/doctest.h>

namespace weft {
namespace {

TEST_CASE("escape_controls: control characters, bytes that are not UTF-8 and turns are escaped") {
  CHECK(escape_controls("plain\ttext\n房间 é 😀") == "plain\ttext\n房间 é 😀");
  CHECK(escape_controls("\x1B[2J\r\x07\x7F") == "\\x1B[2J\\x0D\\x07\\x7F");
  CHECK(escape_controls("a\xFF\xE5\x88") == "a\\xFF\\xE5\\x88");
  CHECK(escape_controls("\u009B"
                        "31m \u202Etxt") == "\\u009B31m \\u202Etxt");
  CHECK(escape_controls("\uFFFD") == "\uFFFD");
}

}  // namespace
}  // namespace weft
