// Windows of long texts: where they begin and end, by hand; what stands where; what cannot be.
#include "runtime/text/windows.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ir/diagnostic.h"
#include "runtime/text/tokenizers.h"
#include "tests/support/subword_model.h"

namespace weft {
namespace {

using Ids = std::vector<std::int32_t>;
using Spans = std::vector<TextSpan>;

struct Tokens {
  Ids ids, types;
  Spans spans;
};

Tokens tokens(const test::SubwordModel& model, const TextInput& input) {
  Tokens out;
  out.ids = {77};  // of a text before
  out.types = {77};
  out.spans = {{7, 7}};
  TokenBuffer buffer;
  const auto encoder = make_encoder(model.text, model.view());
  const std::size_t count = encoder->encode(input, buffer, {out.ids, &out.spans, &out.types});
  CHECK(count == out.ids.size() - 1);
  Ids alone = {77};  // without spans, a shorter way
  encoder->encode(input, buffer, {alone});
  CHECK(alone == out.ids);
  CHECK(out.ids.front() == 77);
  out.ids.erase(out.ids.begin());
  out.types.erase(out.types.begin());
  out.spans.erase(out.spans.begin());
  return out;
}

// [CLS] 2, [SEP] 3, a 4, b 5 … h 11; windows of four tokens between two special ones, two shared.
test::SubwordModel letters(std::int64_t max_windows = 8) {
  auto model = test::small_wordpiece({"a", "b", "c", "d", "e", "f", "g", "h"});
  model.text.max_tokens = 6;
  model.text.max_windows = max_windows;
  model.text.overlap = 2;
  return model;
}

// As transformers gives them for stride=2, max_length=6, return_overflowing_tokens=True.
TEST_CASE("windows of word pieces overlap, and each stands between special tokens") {
  const auto model = letters();
  CHECK(tokens(model, {"a b c d"}).ids == Ids{2, 4, 5, 6, 7, 3});
  CHECK(tokens(model, {"a b c d e"}).ids == Ids{2, 4, 5, 6, 7, 3, 2, 6, 7, 8, 3});
  CHECK(tokens(model, {"a b c d e f"}).ids == Ids{2, 4, 5, 6, 7, 3, 2, 6, 7, 8, 9, 3});
  const Tokens found = tokens(model, {"a b c d e f g"});
  CHECK(found.ids == Ids{2, 4, 5, 6, 7, 3, 2, 6, 7, 8, 9, 3, 2, 8, 9, 10, 3});
  CHECK(found.types == Ids(17, 0));
  CHECK(found.spans == Spans{{0, 0},
                             {0, 1},
                             {2, 3},
                             {4, 5},
                             {6, 7},
                             {0, 0},
                             {0, 0},
                             {4, 5},
                             {6, 7},
                             {8, 9},
                             {10, 11},
                             {0, 0},
                             {0, 0},
                             {8, 9},
                             {10, 11},
                             {12, 13},
                             {0, 0}});
  CHECK(tokens(model, {""}).ids == Ids{2, 3});
  CHECK(make_encoder(model.text, model.view())->max_ids() == 48);
}

TEST_CASE("a text has no more windows than max_windows") {
  const auto model = letters(2);
  const Ids two{2, 4, 5, 6, 7, 3, 2, 6, 7, 8, 9, 3};
  CHECK(tokens(model, {"a b c d e f"}).ids == two);
  CHECK(tokens(model, {"a b c d e f g h a b c d"}).ids == two);
  CHECK(tokens(model, {std::string(1 << 20, 'a')}).ids == Ids{2, 1, 3});  // one unknown word
}

TEST_CASE("windows of byte pairs cut a long word, and may share nothing") {
  auto model = test::small_byte_bpe({});
  model.text.max_tokens = 3;
  model.text.max_windows = 4;
  CHECK(tokens(model, {"abcdefg"}).ids == Ids{'a', 'b', 'c', 'd', 'e', 'f', 'g'});
  model.text.overlap = 2;
  const Tokens found = tokens(model, {"abcde"});
  CHECK(found.ids == Ids{'a', 'b', 'c', 'b', 'c', 'd', 'c', 'd', 'e'});
  CHECK(found.spans ==
        Spans{{0, 1}, {1, 2}, {2, 3}, {1, 2}, {2, 3}, {3, 4}, {2, 3}, {3, 4}, {4, 5}});
  CHECK(tokens(model, {"abcdefghij"}).ids.size() == 12);
}

TEST_CASE("windows of words, of any tokenizer that looks words up") {
  test::SubwordModel model;
  for (const char* word : {"<unk>", "a", "b", "c", "d", "e"}) model.words.add(word);
  model.text.tokenizer = "whitespace";
  model.text.max_tokens = 3;
  model.text.max_windows = 3;
  model.text.overlap = 1;
  CHECK(tokens(model, {"a b c d e"}).ids == Ids{1, 2, 3, 3, 4, 5});
  CHECK(tokens(model, {"a b c d e x a b"}).ids == Ids{1, 2, 3, 3, 4, 5, 5, 0, 1});
  CHECK(tokens(model, {""}).ids.empty());
}

TEST_CASE("the ids of a text tell its windows, and which token each is of") {
  CHECK(window_count(0, 6) == 1);
  CHECK(window_count(6, 6) == 1);
  CHECK(window_count(7, 6) == 2);
  CHECK(window_count(12, 6) == 2);
  CHECK(window_count(13, 6) == 3);
  for (const std::int64_t overlap : {0, 1, 2, 3}) {
    auto model = letters(50);
    model.text.overlap = overlap;
    const Windows windows(model.text);
    std::string text;
    for (std::size_t n = 0; n < 40; ++n) {
      const Ids ids = tokens(model, {text}).ids;
      const auto size = static_cast<std::int64_t>(ids.size());
      CHECK(window_count(size, 6) == static_cast<std::int64_t>(windows.count(n)));
      std::size_t next = 0;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto token = windows.token_at(i, ids.size());
        CHECK(token.has_value() == (ids[i] > 3));
        if (!token) continue;
        CHECK(ids[i] == static_cast<std::int32_t>(4 + *token % 8));
        CHECK(*token <= next);  // none is left out
        next = std::max(next, *token + 1);
      }
      CHECK(next == n);
      text += std::string(1, static_cast<char>('a' + n % 8)) + " ";
    }
  }
}

TEST_CASE("windows that cannot be are refused") {
  auto model = letters();
  model.text.overlap = 4;
  CHECK_THROWS_WITH_AS(make_encoder(model.text, model.view()),
                       doctest::Contains("cannot overlap by 4: 4 are left beside 2 special"),
                       Error);
  test::SubwordModel ngrams;
  ngrams.words.add("<unk>");
  ngrams.text.tokenizer = "ngrams";
  ngrams.text.buckets = 10;
  ngrams.text.max_windows = 2;
  CHECK_THROWS_WITH_AS(make_encoder(ngrams.text, ngrams.view()),
                       doctest::Contains("ngrams has no windows"), Error);
}

}  // namespace
}  // namespace weft
