// The ASCII word rules against ICU's, boundary for boundary.
#include "runtime/text/word_breaker.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace weft {
namespace {

void check_like_icu(WordBreaker& icu, const std::string& text) {
  icu.start(text);
  for (std::size_t position = 0; position < text.size();) {
    // ICU keeps a run of spaces (WB3d) and a line's CR LF (WB3) together; neither is a word.
    const std::size_t begin = position;
    position = ascii_word_end(text, begin);
    if (text[begin] == ' ') {
      while (position < text.size() && text[position] == ' ') ++position;
    }
    if (text.compare(begin, 2, "\r\n") == 0) ++position;
    INFO("text: " << text << " from byte " << begin);
    REQUIRE(icu.next() == static_cast<std::int32_t>(position));
  }
  REQUIRE(icu.next() == -1);
}

TEST_CASE("words: ASCII words end where ICU ends them") {
  WordBreaker icu;
  for (const char* text : {"don't",
                           "3.14",
                           "e.g.",
                           "a_b",
                           "1,000,000.50",
                           "'quoted'",
                           "rock'n'roll",
                           "x86_64",
                           "a:b",
                           "a..b",
                           "1..2",
                           "3,a",
                           "a,b",
                           "U.S.A.",
                           "_",
                           "__init__",
                           "a._b",
                           "1'000",
                           "co-op",
                           "C++",
                           "example.com",
                           "http://a.b/c?d=e&f",
                           "\"he\"",
                           "a.1",
                           "1.a",
                           "12;34",
                           "a;b",
                           "\t\r\n"}) {
    check_like_icu(icu, text);
  }
}

TEST_CASE("words: ASCII words end where ICU ends them, on random text") {
  WordBreaker icu;
  std::mt19937 random(7);
  constexpr std::string_view kLikely = "aZb019__..,,;;''::\"\"--#/ \t\r\n";
  for (int trial = 0; trial < 50000; ++trial) {
    std::string text(random() % 16, ' ');
    for (char& c : text) {
      c = trial % 4 == 0 ? static_cast<char>(random() % 128) : kLikely[random() % kLikely.size()];
      if (c == '@') c = '&';
    }
    check_like_icu(icu, text);
  }
}

}  // namespace
}  // namespace weft
