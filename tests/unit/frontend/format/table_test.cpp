// Tables: widths as a terminal has them.
#include "frontend/format/table.h"

#include <doctest/doctest.h>

namespace weft {
namespace {

TEST_CASE("table: display width") {
  CHECK(display_width("") == 0);
  CHECK(display_width("abc") == 3);
  CHECK(display_width("caf\u00E9") == 4);
  CHECK(display_width("cafe\u0301") == 4);
  CHECK(display_width("\u5317\u4EAC") == 4);
  CHECK(display_width("\uFF21\U0001F600") == 4);
  CHECK(display_width("\xFF") == 1);
}

TEST_CASE("table: shortened") {
  CHECK(shortened("abcdef", 6) == "abcdef");
  CHECK(shortened("abcdefg", 6) == "abcde\u2026");
  CHECK(shortened("\u5317\u4EAC\u5317\u4EAC", 6) == "\u5317\u4EAC\u2026");
  CHECK(shortened("\u5317\u4EAC\u5317\u4EAC", 7) == "\u5317\u4EAC\u5317\u2026");
}

TEST_CASE("table: alignment, ragged rows, styles") {
  TextTable table;
  table.add({"name", "n"});
  table.add({"\u5317\u4EAC\u5E02", {"10", "\x1B[1m"}, "x"});
  table.add({"a"});
  CHECK(table.str("> ") ==
        ">\x20"
        "name     n\n> \u5317\u4EAC\u5E02  \x1B[1m10\x1B[0m  x\n> a\n");
  CHECK(TextTable().str().empty());
}

}  // namespace
}  // namespace weft
