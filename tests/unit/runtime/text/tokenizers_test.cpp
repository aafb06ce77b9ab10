// The table of tokenizers, and what every encoder keeps: ids, spans, types and limits.
#include "runtime/text/tokenizers.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "ir/diagnostic.h"
#include "runtime/text/vocabulary.h"

namespace weft {
namespace {

using Ids = std::vector<std::int32_t>;
using Spans = std::vector<TextSpan>;

struct Words {
  WordList list;

  explicit Words(const std::vector<std::string>& words) {
    for (const std::string& word : words) list.add(word);
  }
  VocabularyView view() const { return {list.bytes, std::span(list.offsets).subspan(1)}; }
};

TEST_CASE("tokenizers: each has a name of its own, a line about it and an alternative") {
  std::set<std::string_view> names;
  for (const TokenizerDef* tokenizer : all_tokenizers()) {
    CAPTURE(tokenizer->name);
    CHECK(names.insert(tokenizer->name).second);
    CHECK(find_tokenizer(tokenizer->name) == tokenizer);
    CHECK_FALSE(tokenizer->doc.empty());
    CHECK((tokenizer->make != nullptr));
    CHECK(tokenizer->alternative != tokenizer->name);
    // Those of pretrained models have no other.
    CHECK((find_tokenizer(tokenizer->alternative) != nullptr) == (tokenizer->split != nullptr));
  }
  CHECK(find_tokenizer("word") == nullptr);
  CHECK(all_tokenizers().front()->name == TextSettings{}.tokenizer);
  CHECK_THROWS_WITH_AS(make_encoder(TextSettings{"nosuch"}, {}), doctest::Contains("`nosuch`"),
                       Error);
}

TEST_CASE("tokenizers: what is said before there is an encoder is what it says") {
  const Words words({"<unk>", "good", "film"});
  for (const TokenizerDef* tokenizer : all_tokenizers()) {
    CAPTURE(tokenizer->name);
    if (tokenizer->split == nullptr) continue;  // their vocabularies are others
    TextSettings text;
    text.tokenizer = tokenizer->name;
    text.max_tokens = 7;
    text.buckets = 50;
    const auto encoder = make_encoder(text, words.view());
    CHECK(encoder->id_count() == id_count(text, 3));
    CHECK(encoder->max_ids() == max_ids(text));
    TokenBuffer buffer;
    Ids ids;
    Spans spans;
    const std::string long_text(5000, 'x');
    for (const std::string& one : {std::string("A good film!"), long_text, long_text + " y z"}) {
      encoder->encode(one, buffer, ids, &spans);
      CHECK(static_cast<std::int64_t>(ids.size()) <= encoder->max_ids());
      REQUIRE(ids.size() == spans.size());
      for (std::size_t i = 0; i < ids.size(); ++i) {
        CHECK((ids[i] >= 0 && ids[i] < encoder->id_count()));
        CHECK((spans[i].begin < spans[i].end && spans[i].end <= one.size()));
      }
      ids.clear();
      spans.clear();
    }
  }
  TextSettings text;
  text.max_tokens = std::numeric_limits<std::int64_t>::max();
  CHECK(max_ids(text) >= text.max_tokens);
}

TEST_CASE("encoder: ids, places and the limit") {
  const Words words({"<unk>", "good", "film"});
  TextSettings text;
  text.max_tokens = 4;
  const auto encoder = make_encoder(text, words.view());
  TokenBuffer buffer;
  Ids ids{7};
  Spans places;
  CHECK(encoder->encode("A GOOD film! good", buffer, ids, &places) == 4);
  CHECK(ids == Ids{7, 0, 1, 2, 0});
  CHECK(places == Spans{{0, 1}, {2, 6}, {7, 11}, {11, 12}});
  CHECK(encoder->encode("", buffer, ids) == 0);
  CHECK(ids.size() == 5);
  CHECK(encoder->unknown_id() == 0);
  const auto unlimited = make_encoder(TextSettings{}, words.view());
  CHECK(unlimited->encode("A GOOD film! good", buffer, ids) == 5);
}

TEST_CASE("encoder: n-grams of words behind the words, those that the vocabulary has") {
  const Words words({"<unk>", "good", "not good", "film", "a good film"});
  TextSettings text;
  text.word_ngrams = 3;
  text.max_tokens = 5;
  const auto encoder = make_encoder(text, words.view());
  CHECK(encoder->max_ids() == 15);
  TokenBuffer buffer;
  Ids ids;
  Spans places;
  CHECK(encoder->encode("Not  GOOD! A good film", buffer, ids, &places) == 6);
  CHECK(ids == Ids{0, 1, 0, 0, 1, 2});
  CHECK(places == Spans{{0, 3}, {5, 9}, {9, 10}, {11, 12}, {13, 17}, {0, 9}});
  ids.clear();
  CHECK(encoder->encode("a good film", buffer, ids) == 4);
  CHECK(ids == Ids{0, 1, 3, 4});

  // Behind words and their letters too.
  text.tokenizer = "ngrams", text.buckets = 10;
  ids.clear();
  make_encoder(text, words.view())->encode("not good", buffer, ids);
  CHECK(ids.front() >= 5);  // `<not>` and its letters: the word is not known
  CHECK(ids.back() == 2);
  CHECK(std::count(ids.begin(), ids.end(), 1) == 1);
  text.tokenizer = "words";
  for (const std::int64_t size : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1} << 40}) {
    text.word_ngrams = size;
    CHECK_THROWS_WITH_AS(make_encoder(text, words.view()),
                         doctest::Contains("word_ngrams= is from 1 to 8"), Error);
  }
  text.word_ngrams = 2, text.max_windows = 2;
  CHECK_THROWS_WITH_AS(make_encoder(text, words.view()), doctest::Contains("cannot be combined"),
                       Error);
}

TEST_CASE("encoder: two texts are told apart by their types, and share the limit") {
  const Words words({"<unk>", "good", "film"});
  TextSettings text;
  text.max_tokens = 3;
  const auto encoder = make_encoder(text, words.view());
  TokenBuffer buffer;
  Ids ids;
  Ids types;
  Spans spans;
  CHECK(encoder->encode({"film", "a good film"}, buffer, {ids, &spans, &types}) == 3);
  CHECK(ids == Ids{2, 0, 1});
  CHECK(types == Ids{0, 1, 1});
  CHECK(spans == Spans{{0, 4}, {0, 1}, {2, 6}});
  CHECK(encoder->encode({"", ""}, buffer, {ids, &spans, &types}) == 0);
}

TEST_CASE("encoder: one buffer serves encoders of any kind in turn") {
  const Words words({"<unk>", "good", "o"});
  TokenBuffer buffer;
  for (int round = 0; round < 2; ++round) {
    for (const TokenizerDef* tokenizer : all_tokenizers()) {
      CAPTURE(tokenizer->name);
      if (tokenizer->split == nullptr) continue;
      TextSettings text;
      text.tokenizer = tokenizer->name;
      text.buckets = 50;
      const auto encoder = make_encoder(text, words.view());
      TokenBuffer fresh;
      Ids again;
      Ids ids;
      encoder->encode("good o", buffer, ids);
      encoder->encode("good o", fresh, again);
      CHECK(ids == again);
      CHECK_FALSE(ids.empty());
    }
  }
}

}  // namespace
}  // namespace weft
