// UTF-8 decoding against ICU's, on every scalar and on random bytes.
#include "runtime/text/utf8.h"

#include <doctest/doctest.h>
#include <unicode/utf8.h>

#include <random>

namespace weft {
namespace {

TEST_CASE("utf8: every scalar round-trips") {
  for (char32_t scalar = 0; scalar <= 0x10FFFF; ++scalar) {
    if (scalar >= 0xD800 && scalar <= 0xDFFF) continue;
    std::string bytes;
    utf8::append(scalar, bytes);
    std::size_t position = 0;
    REQUIRE(utf8::next(bytes, position) == scalar);
    REQUIRE(position == bytes.size());
    REQUIRE(utf8::is_valid(bytes));
  }
}

TEST_CASE("utf8: random bytes read as in ICU") {
  std::mt19937 random(1);
  // Bytes that make long, nearly well-formed sequences likely.
  constexpr unsigned char kBytes[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                      0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE4, 0xED, 0xEF,
                                      0xF0, 0xF1, 0xF4, 0xF5, 0xFE, 0xFF, 0xBD};
  for (int trial = 0; trial < 20000; ++trial) {
    std::string bytes(random() % 12, '\0');
    for (char& c : bytes) c = static_cast<char>(kBytes[random() % sizeof kBytes]);
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    const auto size = static_cast<std::int32_t>(bytes.size());
    bool valid = true;
    std::int32_t icu_position = 0;
    std::size_t position = 0;
    while (icu_position < size) {
      UChar32 expected = 0;
      U8_NEXT(data, icu_position, size, expected);
      if (expected < 0) valid = false;
      REQUIRE(utf8::next(bytes, position) ==
              (expected < 0 ? utf8::kReplacement : static_cast<char32_t>(expected)));
      REQUIRE(position == static_cast<std::size_t>(icu_position));
    }
    REQUIRE(utf8::is_valid(bytes) == valid);
    std::string repaired;
    utf8::append_valid(bytes, repaired);
    REQUIRE(utf8::is_valid(repaired));
    REQUIRE((repaired == bytes) == valid);
  }
}

TEST_CASE("utf8: the first byte that is not ASCII, at every place") {
  for (std::size_t size = 0; size < 40; ++size) {
    CHECK(utf8::find_non_ascii(std::string(size, 'a'), 0) == size);
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, '\x7F');
      text[at] = '\x80';
      for (std::size_t from = 0; from <= at; ++from) {
        REQUIRE(utf8::find_non_ascii(text, from) == at);
      }
    }
  }
}

}  // namespace
}  // namespace weft
