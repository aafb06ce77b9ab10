// Byte-level BPE against a slow one, GPT-2's words, and texts that mean no good. That it equals the
// originals is shown by tokenizer_golden_test.cpp.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "ir/diagnostic.h"
#include "runtime/text/gpt2_words.h"
#include "runtime/text/tokenizers.h"
#include "tests/support/subword_model.h"

namespace weft {
namespace {

using Ids = std::vector<std::int32_t>;
using Spans = std::vector<TextSpan>;
using Merges = std::vector<std::pair<std::string, std::string>>;

// The definition: look for the earliest merge that there is, at the leftmost place, again and
// again.
std::vector<std::string> slow_pieces(const std::string& word, const Merges& merges) {
  std::vector<std::string> pieces;
  for (const char c : word) pieces.emplace_back(1, c);
  for (bool merged = true; merged;) {
    merged = false;
    for (const auto& [first, second] : merges) {
      for (std::size_t i = 0; i + 1 < pieces.size() && !merged; ++i) {
        if (pieces[i] != first || pieces[i + 1] != second) continue;
        pieces[i] += pieces[i + 1];
        pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        merged = true;
      }
      if (merged) break;
    }
  }
  return pieces;
}

Ids encode(const test::SubwordModel& model, std::string_view text, Spans* spans = nullptr) {
  Ids ids;
  TokenBuffer buffer;
  make_encoder(model.text, model.view())->encode(TextInput{text}, buffer, {ids, spans});
  return ids;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = gpt2_word_end(text, begin);
    REQUIRE(end > begin);
    out.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  return out;
}

TEST_CASE("byte_bpe: short and long words merge as the definition says") {
  Merges merges = {{"a", "b"}, {"b", "a"}, {"ab", "a"}, {"c", "c"}, {"cc", "cc"}, {"ab", "ab"}};
  std::mt19937 random(1);
  for (int round = 0; round < 30; ++round) {
    std::shuffle(merges.begin(), merges.begin() + 2, random);
    const auto model = test::small_byte_bpe(merges);
    for (const std::size_t size : {1U, 2U, 5U, 31U, 32U, 33U, 34U, 100U}) {
      std::string word;
      for (std::size_t i = 0; i < size; ++i) word += static_cast<char>('a' + random() % 3);
      std::vector<std::string> pieces;
      for (const std::int32_t id : encode(model, word)) {
        pieces.emplace_back(model.words[static_cast<std::size_t>(id)]);
      }
      CHECK(pieces == slow_pieces(word, merges));
    }
  }
}

TEST_CASE("byte_bpe: a text is cut into GPT-2's words") {
  using Words = std::vector<std::string>;
  CHECK(words("I'll go, it's 3pm") == Words{"I", "'ll", " go", ",", " it", "'s", " 3", "pm"});
  CHECK(words("a  b \n c\t") == Words{"a", " ", " b", " \n", " c", "\t"});
  CHECK(words("\n\nx") == Words{"\n", "\n", "x"});
  CHECK(words("I'LL 's") == Words{"I", "'", "LL", " '", "s"});
  CHECK(words("\xE4\xBD\xA0\xE5\xA5\xBD!! \xC2\xBD\xC2\xA0z") ==
        Words{"\xE4\xBD\xA0\xE5\xA5\xBD", "!!", " \xC2\xBD", "\xC2\xA0", "z"});
  CHECK(words("'") == Words{"'"});
}

TEST_CASE("byte_bpe: tokens within a character share its place; special tokens are whole") {
  const auto model = test::small_byte_bpe({{" ", "a"}});
  Spans spans;
  CHECK(encode(model, "\xC3\xA9 a<|end|>", &spans) == Ids{0xC3, 0xA9, 256, 257});
  CHECK(spans == Spans{{0, 2}, {0, 2}, {2, 4}, {4, 11}});
  auto trimmed = model;
  trimmed.text.subwords.trim_offsets = true;
  spans.clear();
  encode(trimmed, "a a ", &spans);
  CHECK(spans == Spans{{0, 1}, {2, 3}, {4, 4}});
  trimmed.text.subwords.add_prefix_space = true;
  spans.clear();
  CHECK(encode(trimmed, "a a", &spans) == Ids{256, 256});
  CHECK(spans == Spans{{0, 1}, {2, 3}});
  CHECK(encode(model, "").empty());
}

TEST_CASE("byte_bpe: special tokens take white space, stand alone, and come first") {
  auto model = test::small_byte_bpe({});
  const std::int32_t end = 256;
  SpecialToken& token = model.text.subwords.special_tokens[0];
  token.takes_space_before = token.takes_space_after = true;
  CHECK(encode(model, "a  <|end|>\n b") == Ids{'a', end, 'b'});
  token.takes_space_before = token.takes_space_after = false;
  token.whole_word = true;
  CHECK(encode(model, "<|end|> <|end|>x").size() == 1 + 1 + 8);
  token.text = "ab";  // as it is written, not as the vocabulary has it
  token.whole_word = false;
  CHECK(encode(model, "xabab") == Ids{'x', end, end});
}

TEST_CASE("byte_bpe: a megabyte of one letter, and whatever bytes") {
  auto model = test::small_byte_bpe({{"w", "w"}, {"ww", "ww"}, {"wwww", "wwww"}});
  model.text.max_tokens = 1 << 22;
  CHECK(encode(model, std::string(1 << 20, 'w')) == Ids(1 << 17, 258));
  CHECK(encode(model, std::string(1 << 20, ' ')).size() == 1 << 20);
  CHECK(encode(model, std::string(1 << 20, '<')).size() == 1 << 20);
  const auto encoder = make_encoder(model.text, model.view());
  std::mt19937 random(1);
  TokenBuffer buffer;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (auto i = random() % 40; i > 0; --i) {
      text += random() % 3 == 0 ? 'w' : static_cast<char>(random());
    }
    Ids ids;
    Spans spans;
    encoder->encode({text}, buffer, {ids, &spans});
    REQUIRE(ids.size() == spans.size());
    std::string again;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      again += model.words[static_cast<std::size_t>(ids[i])];
      REQUIRE((spans[i].begin < spans[i].end && spans[i].end <= text.size()));
    }
    REQUIRE(again == text);  // no byte is lost
  }
}

TEST_CASE("byte_bpe: vocabularies that do not fit") {
  const auto fails = [](const test::SubwordModel& model, const char* message) {
    CHECK_THROWS_WITH_AS(make_encoder(model.text, model.view()), doctest::Contains(message), Error);
  };
  fails(test::small_byte_bpe({{"a", "b"}, {"a", "b"}}), "are the same");
  auto model = test::small_byte_bpe({{"a", "b"}});
  model.merges = {'a', 'c'};
  fails(model, "lacks the result");
  test::SubwordModel letters = test::small_byte_bpe({});
  letters.words = {};
  letters.words.add("a");
  letters.text.subwords.special_tokens.clear();
  fails(letters, "no token of the byte 0");
  letters.text.subwords.unknown_id = 0;
  CHECK(encode(letters, "ab") == Ids{0, 0});
}

}  // namespace
}  // namespace weft
