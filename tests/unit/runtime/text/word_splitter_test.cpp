// Splitters: what is a word, how it is spelled, and where it stands in the original bytes.
#include "runtime/text/word_splitter.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "runtime/text/utf8.h"
#include "runtime/text/word_breaker.h"

namespace weft {
namespace {

using Strings = std::vector<std::string>;
constexpr const char* words = "words";
constexpr const char* whitespace = "whitespace";
constexpr const char* characters = "characters";

WordSplitter splitter(const char* tokenizer, Normalization form = {}) {
  TextSettings text{tokenizer, form.lowercase, form.nfkc};
  text.unify_marks = form.unify_marks;
  return WordSplitter(text);
}

Strings spellings(const WordBuffer& buffer) {
  Strings result;
  for (const TextToken& token : buffer.tokens()) result.emplace_back(buffer.text(token));
  return result;
}

Strings tokens(const char* tokenizer, std::string_view text, Normalization form = {},
               std::size_t limit = WordSplitter::kNoLimit) {
  WordBuffer buffer;
  splitter(tokenizer, form).split(text, buffer, limit);
  return spellings(buffer);
}

TEST_CASE("tokenizer: words") {
  CHECK(tokens(words, "It's 3.14! Don't PANIC...") ==
        Strings{"it's", "3.14", "!", "don't", "panic", ".", ".", "."});
  CHECK(tokens(words, "Caf\u00E9 na\u00EFve \u201Cquoted\u201D") ==
        Strings{"caf\u00E9", "na\u00EFve", "\u201C", "quoted", "\u201D"});
  CHECK(tokens(words, "don\u2019t") == Strings{"don\u2019t"});
  CHECK(tokens(words, "@me@b.org") == Strings{"@", "me", "@", "b.org"});
  CHECK(tokens(words, "@m\u00E9@b.org") == Strings{"@", "m\u00E9", "@", "b.org"});
  CHECK(tokens(words, "") == Strings{});
  CHECK(tokens(words, " \t\u3000\u00A0\n") == Strings{});
}

TEST_CASE("tokenizer: words segment Chinese") {
  // 我 爱 北京 天安门: "I love Beijing Tiananmen", with full-width forms and English mixed in.
  CHECK(tokens(words, "\u6211\u7231\u5317\u4EAC\u5929\u5B89\u95E8\uFF01") ==
        Strings{"\u6211", "\u7231", "\u5317\u4EAC", "\u5929\u5B89\u95E8", "!"});
  CHECK(tokens(words, "\u5317\u4EACiPhone\uFF11\uFF12") == Strings{"\u5317\u4EAC", "iphone12"});
}

TEST_CASE("tokenizer: whitespace splits at Unicode white space and nowhere else") {
  CHECK(tokens(whitespace, "  It's\tA-b,  c\u00A0d\u3000e\u2003") ==
        Strings{"it's", "a-b,", "c", "d", "e"});
  CHECK(tokens(whitespace, "\u3000x") == Strings{"x"});
}

TEST_CASE("tokenizer: characters") {
  CHECK(tokens(characters, "\u5F88\u597D, OK\uFF01\u3000\U0001F600") ==
        Strings{"\u5F88", "\u597D", ",", "o", "k", "!", "\U0001F600"});
}

TEST_CASE("tokenizer: normalisation can be turned off") {
  CHECK(tokens(words, "\uFF21B Cd", {false, false}) == Strings{"\uFF21B", "Cd"});
  CHECK(tokens(words, "\uFF21B Cd", {false, true}) == Strings{"AB", "Cd"});
  CHECK(tokens(words, "\uFF21B \u00C9", {true, false}) == Strings{"\uFF41b", "\u00E9"});
  CHECK(tokens(words, "\uFF21B \u00C9", {true, true}) == Strings{"ab", "\u00E9"});
  CHECK(tokens(whitespace, "e\u0301", {true, true}) == Strings{"\u00E9"});
}

TEST_CASE("tokenizer: words that look alike are one where marks are unified") {
  const Normalization form{.unify_marks = true};
  CHECK(tokens(words, "I \u2764\uFE0F it, don\u2019t", form) ==
        tokens(words, "I \u2764 it, don't"));
  CHECK(tokens(words, "so\u00ADft w\u200Dord \u2018so\u2019", form) ==
        Strings{"soft", "word", "'", "so", "'"});
  CHECK(tokens(whitespace, "a \uFE0F \u200D b", form) == Strings{"a", "b"});
  CHECK(tokens(characters, "\u2764\uFE0F\u5929", form) == Strings{"\u2764", "\u5929"});
}

TEST_CASE("tokenizer: ill-formed UTF-8, controls and NUL bytes are not errors") {
  CHECK(tokens(whitespace, "a\xFFz \xE4\xBD") == Strings{"a\uFFFDz", "\uFFFD"});
  CHECK(tokens(words, "a \xC0\xAF b") == Strings{"a", "\uFFFD", "\uFFFD", "b"});
  CHECK(tokens(characters, "\xED\xA0\x80") == Strings{"\uFFFD", "\uFFFD", "\uFFFD"});
  CHECK(tokens(words, std::string_view("a\0b\x01", 4)) == Strings{"a", "b"});
  CHECK(tokens(words, "\uFEFFa \u200B") == Strings{"a"});
  CHECK(tokens(whitespace, std::string_view("a\0b", 3)) == Strings{std::string("a\0b", 3)});
}

TEST_CASE("tokenizer: a limit gives the first tokens") {
  const std::string text = "a b \u5F88\u597D c, d\u00E9j\u00E0 vu";
  for (const char* kind : {words, whitespace, characters}) {
    const Strings all = tokens(kind, text);
    for (std::size_t limit = 0; limit <= all.size() + 1; ++limit) {
      const auto count = static_cast<std::ptrdiff_t>(std::min(limit, all.size()));
      CHECK(tokens(kind, text, {}, limit) == Strings(all.begin(), all.begin() + count));
    }
  }
}

TEST_CASE("tokenizer: a megabyte without a space") {
  std::string han;
  for (int i = 0; i < 350000; ++i) han += i % 7 == 0 ? "\u597D" : "\u5F88";
  CHECK(tokens(characters, han).size() == 350000);
  CHECK_FALSE(tokens(words, han).empty());
  CHECK(tokens(words, std::string(1 << 20, 'a')).size() == 1);
  CHECK(tokens(words, std::string(1 << 20, '!')).size() == 1 << 20);
  CHECK(tokens(words, std::string(1 << 20, '\xFF')).size() == 1 << 20);
}

// What `words` means, said slowly: ICU on each piece between ASCII white space.
Strings slow_words(const std::string& text, Normalization form) {
  WordBreaker breaker;
  Strings result;
  std::size_t begin = 0;
  while (begin < text.size()) {
    if (utf8::is_ascii_space(text[begin])) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < text.size() && !utf8::is_ascii_space(text[end])) ++end;
    breaker.start(std::string_view(text).substr(begin, end - begin));
    std::size_t word = begin;
    for (std::int32_t next = breaker.next(); next >= 0; next = breaker.next()) {
      const std::size_t word_end = begin + static_cast<std::size_t>(next);
      const std::string_view segment = std::string_view(text).substr(word, word_end - word);
      const auto first = static_cast<unsigned char>(segment[0]);
      const bool control = first < 0x20 || first == 0x7F;
      if (!control) {
        result.emplace_back();
        append_normalized(segment, form, result.back());
      }
      word = word_end;
    }
    begin = end;
  }
  return result;
}

TEST_CASE("tokenizer: the ASCII path and the ICU path agree, and offsets are exact") {
  std::mt19937 random(3);
  const Strings pieces = {"a",      "Zq",    "0",      "19",     "_",    ".",      ",",
                          ";",      "'",     ":",      "\"",     "-",    " ",      " ",
                          "\t",     "\n",    "\u00E9", "\u5F88", "\x01", "\uFF01", "\u4EBA",
                          "\u2019", "don't", "3.14",   "e.g."};
  const WordSplitter tokenizer = splitter(words);
  WordBuffer buffer;
  for (int trial = 0; trial < 20000; ++trial) {
    std::string text;
    const std::size_t count = random() % 14;
    const std::size_t choices = trial % 2 == 0 ? 16 : pieces.size();  // half the texts all ASCII
    for (std::size_t i = 0; i < count; ++i) text += pieces[random() % choices];
    tokenizer.split(text, buffer);
    INFO("text: " << text);
    REQUIRE(spellings(buffer) == slow_words(text, {}));
    std::size_t last = 0;
    for (const TextToken& token : buffer.tokens()) {
      REQUIRE(token.begin >= last);
      REQUIRE(token.end > token.begin);
      REQUIRE(token.end <= text.size());
      std::string spelling;
      append_normalized(std::string_view(text).substr(token.begin, token.end - token.begin), {},
                        spelling);
      REQUIRE(spelling == buffer.text(token));
      last = token.end;
    }
  }
}

}  // namespace
}  // namespace weft
