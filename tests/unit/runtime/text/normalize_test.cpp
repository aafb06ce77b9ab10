// Normalisation: its shortcuts against ICU on every scalar.
#include "runtime/text/normalize.h"

#include <doctest/doctest.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <random>

#include "runtime/text/utf8.h"

namespace weft {
namespace {

std::string normalized(std::string_view token, Normalization form) {
  std::string out;
  append_normalized(token, form, out);
  return out;
}

TEST_CASE("normalize: every scalar as ICU's UTF-16 functions have it") {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(status);
  REQUIRE(U_SUCCESS(status));
  for (char32_t scalar = 0; scalar <= 0x2FFFF; ++scalar) {
    if (scalar >= 0xD800 && scalar <= 0xDFFF) continue;
    std::string token;
    utf8::append(scalar, token);
    icu::UnicodeString composed =
        nfkc->normalize(icu::UnicodeString(static_cast<UChar32>(scalar)), status);
    std::string expected;
    composed.toUTF8String(expected);
    REQUIRE(normalized(token, {false, true}) == expected);
    expected.clear();
    composed.toLower(icu::Locale::getRoot()).toUTF8String(expected);
    REQUIRE(normalized(token, {true, true}) == expected);
    REQUIRE(normalized(token, {false, false}) == token);
  }
}

TEST_CASE("normalize: ASCII letters and no other bytes become lower case, at every place") {
  for (std::size_t length = 1; length < 20; ++length) {
    for (std::size_t place = 0; place < length; ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(length, 'Q');
        std::string expected(length, 'q');
        text[place] = static_cast<char>(byte);
        const bool upper = byte >= 'A' && byte <= 'Z';
        expected[place] = static_cast<char>(upper ? byte - 'A' + 'a' : byte);
        lowercase_ascii(text.data(), text.data() + length);
        REQUIRE(text == expected);
      }
    }
  }
}

TEST_CASE("normalize: appends, and repairs ill-formed UTF-8") {
  std::string out = "x";
  append_normalized("\u5317\u4EAC", {}, out);
  CHECK(out == "x\u5317\u4EAC");
  CHECK(normalized("\xE4\xBDz", {}) == "\uFFFDz");
  CHECK(normalized("\xE4\xBD\xFF", {}) == "\uFFFD\uFFFD");
  CHECK(normalized("\u039F\u0394\u039F\u03A3", {}) == "\u03BF\u03B4\u03BF\u03C2");  // final sigma
}

TEST_CASE("normalize: marks in any order are as in ICU, and a million of them take no time") {
  // Marks of several classes; marks of class 0 that are made of others, or are marks of Japanese in
  // their wide form; and what marks stand on.
  constexpr char32_t kParts[] = {0x301,  0x323,   0x345,  0x344,  0x334,   0xF73,  0xF71,
                                 0x3099, 0xFF9E,  0x1161, 0x11A8, 0x1D165, 0x5B0,  0xE9,
                                 0x61,   0x110BA, 0xFB2C, 0x1100, 0x1D15E, 0xE0100};
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(status);
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    const auto kinds = 1 + random() % std::size(kParts);
    for (auto i = random() % 200; i > 0; --i) utf8::append(kParts[random() % kinds], text);
    std::string expected;
    nfkc->normalize(icu::UnicodeString::fromUTF8(text), status).toUTF8String(expected);
    REQUIRE(normalized(text, {false, true}) == expected);
  }
  for (const char* marks : {"\u0301\u0323", "\u0345\u0301", "\u0F73", "\uFF9E\u0301"}) {
    std::string text = "a";
    while (text.size() < 1'000'000) text += marks;
    CHECK(normalized(text, {true, true}).size() >= 1'000'000);
  }
}

TEST_CASE(
    "normalize: marks that are not seen are dropped, apostrophes are one, where a plan says so") {
  const Normalization old{true, true, false}, marks{true, true, true};
  CHECK(normalized("\u2764\uFE0F", marks) == normalized("\u2764", marks));
  CHECK(normalized("don\u2019t", marks) == "don't");
  CHECK(normalized("so\u00ADft", marks) == "soft");
  CHECK(normalized("\u200D", marks).empty());
  CHECK(normalized("\u2764\uFE0F", old) == "\u2764\uFE0F");
  CHECK(normalized("don\u2019t", old) == "don\u2019t");
  CHECK(normalized("don\u2019t", {true, false, true}) == "don\u2019t");  // without NFKC
  // Every scalar: what ICU calls ignorable and nothing else goes.
  for (char32_t scalar = 0x80; scalar <= 0xE0FFF; ++scalar) {
    if (scalar >= 0xD800 && scalar <= 0xDFFF) continue;
    std::string token;
    utf8::append(scalar, token);
    const bool ignorable =
        u_hasBinaryProperty(static_cast<UChar32>(scalar), UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0;
    const bool apostrophe = scalar == 0x2018 || scalar == 0x2019 || scalar == 0x02BC;
    REQUIRE(normalized(token, marks) == (ignorable    ? ""
                                         : apostrophe ? "'"
                                                      : normalized(token, old)));
  }
}

}  // namespace
}  // namespace weft
