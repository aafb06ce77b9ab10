// WordPiece: pieces, places, truncation, and texts that mean no good. That it equals the originals
// is shown by tokenizer_golden_test.cpp.
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "ir/diagnostic.h"
#include "runtime/text/tokenizers.h"
#include "tests/support/subword_model.h"

namespace weft {
namespace {

using Ids = std::vector<std::int32_t>;
using Spans = std::vector<TextSpan>;

// `film` is 4, and so on.
const std::vector<std::string> kPieces = {"film", "##s", "good", ".", "e", "##e", "中", "w", "##w"};

struct Tokens {
  Ids ids, types;
  Spans spans;
};

Tokens tokens(const test::SubwordModel& model, const TextInput& input) {
  Tokens out;
  TokenBuffer buffer;
  make_encoder(model.text, model.view())->encode(input, buffer, {out.ids, &out.spans, &out.types});
  return out;
}

TEST_CASE("wordpiece: the longest pieces, from the front; a word that has none is unknown") {
  const auto model = test::small_wordpiece(kPieces);
  const Tokens found = tokens(model, {"Films good goods filmx ."});
  CHECK(found.ids == Ids{2, 4, 5, 6, 6, 5, 1, 7, 3});
  CHECK(found.spans ==
        Spans{{0, 0}, {0, 4}, {4, 5}, {6, 10}, {11, 15}, {15, 16}, {17, 22}, {23, 24}, {0, 0}});
  CHECK(tokens(model, {""}).ids == Ids{2, 3});
  CHECK(make_encoder(model.text, model.view())->unknown_id() == 1);
}

TEST_CASE("wordpiece: accents, control and Chinese characters, a special token as it is written") {
  const auto model = test::small_wordpiece(kPieces);
  const Tokens found = tokens(model, {"\xC3\x89\x01"
                                      "e[SEP]\xE4\xB8\xAD"
                                      "good"});
  CHECK(found.ids == Ids{2, 8, 9, 3, 10, 6, 3});
  CHECK(found.spans == Spans{{0, 0}, {0, 2}, {3, 4}, {4, 9}, {9, 12}, {12, 16}, {0, 0}});
}

TEST_CASE("wordpiece: of two texts, the longer one is cut; special tokens stay") {
  auto model = test::small_wordpiece(kPieces);
  model.text.max_tokens = 8;
  const Tokens found = tokens(model, {"good good good good", "film films film film"});
  CHECK(found.ids == Ids{2, 6, 6, 3, 4, 4, 5, 3});  // five: the pair gets one more
  CHECK(found.types == Ids{0, 0, 0, 0, 1, 1, 1, 1});
  CHECK(tokens(model, {"good", "film film film film film"}).ids == Ids{2, 6, 3, 4, 4, 4, 4, 3});
  CHECK(tokens(model, {"good good good good good", "film"}).ids == Ids{2, 6, 6, 6, 6, 3, 4, 3});
  CHECK(tokens(model, {"good", ""}).ids == Ids{2, 6, 3});  // as the originals read it
  model.text.max_tokens = 2;
  CHECK_THROWS_WITH_AS(make_encoder(model.text, model.view()),
                       doctest::Contains("special tokens alone are 3"), Error);
}

TEST_CASE("wordpiece: a word is unknown beyond 100 characters, and a megabyte takes no time") {
  const auto model = test::small_wordpiece(kPieces);
  CHECK(tokens(model, {std::string(100, 'w')}).ids.size() == 102);
  const Tokens unknown = tokens(model, {std::string(101, 'w')});
  CHECK(unknown.ids == Ids{2, 1, 3});
  CHECK(unknown.spans[1] == TextSpan{0, 101});
  CHECK(tokens(model, {std::string(1 << 20, 'w')}).ids == Ids{2, 1, 3});
  std::string marks = "e";  // of two classes in turn: they are sorted, and all go
  for (int i = 0; i < 1 << 18; ++i) marks += i % 2 == 0 ? "\xCC\x81" : "\xCC\xA3";
  auto all = model;
  all.text.max_tokens = 1 << 22;
  CHECK(tokens(all, {marks + "e"}).ids == Ids{2, 8, 9, 3});
  CHECK(tokens(all, {std::string(1 << 20, '[')}).ids.size() == (1 << 20) + 2);
}

TEST_CASE("wordpiece: whatever the bytes, ids and places are in range, and again the same") {
  const auto model = test::small_wordpiece(kPieces);
  const auto encoder = make_encoder(model.text, model.view());
  std::mt19937 random(1);
  const std::string_view parts[] = {"film",         "s",        " ",
                                    "[SEP]",        "\xCC\x81", "\xE4\xB8\xAD",
                                    "\xC3",         "\xF0\x90", "\xED\xA0\x80",
                                    "\xEF\xBF\xBD", "E",        "\xE2\x80\xA8"};
  TokenBuffer buffer;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (auto i = random() % 12; i > 0; --i) {
      if (random() % 4 == 0) text += static_cast<char>(random());
      text += parts[random() % std::size(parts)];
    }
    Ids ids;
    Ids again;
    Spans spans;
    encoder->encode({text}, buffer, {ids, &spans});
    TokenBuffer fresh;
    encoder->encode({text}, fresh, {again});
    REQUIRE(ids == again);
    REQUIRE(ids.size() == spans.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      REQUIRE((ids[i] >= 0 && ids[i] < encoder->id_count()));
      REQUIRE((spans[i].begin <= spans[i].end && spans[i].end <= text.size()));
    }
  }
}

TEST_CASE("wordpiece: settings and vocabularies that do not fit") {
  const auto fails = [](const test::SubwordModel& model, const char* message) {
    CHECK_THROWS_WITH_AS(make_encoder(model.text, model.view()), doctest::Contains(message), Error);
  };
  fails(test::small_wordpiece({"film", "film"}), "`film` is twice");
  auto model = test::small_wordpiece(kPieces);
  model.text.subwords.unknown_id = -1;
  fails(model, "no unknown token");
  model = test::small_wordpiece(kPieces);
  model.text.subwords.single.clear();
  fails(model, "lacks the templates");
  model = test::small_wordpiece(kPieces);
  model.text.subwords.special_tokens[0].normalized = true;
  fails(model, "`[PAD]` in normalised text");
}

}  // namespace
}  // namespace weft
