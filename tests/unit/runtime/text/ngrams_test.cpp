// The tokenizer `ngrams`: ids computed by hand, the bytes they stand for, and what plans may say.
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "ir/diagnostic.h"
#include "runtime/session.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/vocabulary.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

using Ids = std::vector<std::int32_t>;

constexpr std::int32_t kWords = 2;  // `<unk>` and `at`: bucket b is id 2 + b

std::unique_ptr<Encoder> encoder(const TextSettings& text,
                                 std::span<const std::int32_t> kept = {}) {
  static const WordList list = [] {
    WordList words;
    words.add(kUnknownWordSpelling);
    words.add("at");
    return words;
  }();
  return make_encoder(text, {list.bytes, std::span(list.offsets).subspan(1), {}, kept});
}

TextSettings settings(std::int64_t buckets = 100) {
  TextSettings text;
  text.tokenizer = "ngrams";
  text.buckets = buckets;
  return text;
}

struct Encoded {
  Ids ids = {};
  std::vector<TextSpan> spans = {};
};

Encoded encoded(std::string_view text, const TextSettings& by = settings(),
                std::span<const std::int32_t> kept = {}) {
  Encoded out;
  TokenBuffer buffer;
  encoder(by, kept)->encode(text, buffer, out.ids, &out.spans);
  return out;
}

Ids buckets(Ids numbers) {
  for (std::int32_t& number : numbers) number += kWords;
  return numbers;
}

// fastText's hashes: `<at` 1453096174, `<at>` 676887408, `at>` 3848351106, `<x>` 241414917.
TEST_CASE("ngrams: a word's id, if it has one, then its n-grams' buckets, by their beginnings") {
  const Encoded at = encoded("At x");
  CHECK(at.ids == Ids{1, kWords + 74, kWords + 8, kWords + 6, kWords + 17});
  CHECK(at.spans == std::vector<TextSpan>{{0, 2}, {0, 2}, {0, 2}, {0, 2}, {3, 4}});
  CHECK(encoded("").ids.empty());
  CHECK(encoder(settings())->id_count() == 102);
  CHECK_FALSE(encoder(settings())->unknown_id().has_value());
}

// `<fi` `<fié` `<fié>` `fié` `fié>` `ié>`, which are 4, 6, 7, 5 and 5 bytes.
TEST_CASE("ngrams: they count Unicode scalars, and stand for bytes of the text as given") {
  const Ids ids = buckets({66, 94, 60, 8, 66, 98});
  const Encoded plain = encoded("fi\u00E9");
  CHECK(plain.ids == ids);
  CHECK(plain.spans == std::vector<TextSpan>{{0, 2}, {0, 4}, {0, 4}, {0, 4}, {0, 4}, {1, 4}});
  // Full-width letters, and an accent of its own: the same spelling, of 9 bytes.
  const Encoded wide = encoded("\uFF26\uFF29e\u0301");
  CHECK(wide.ids == ids);
  CHECK(wide.spans == std::vector<TextSpan>{{0, 6}, {0, 9}, {0, 9}, {0, 9}, {0, 9}, {3, 9}});
  // A ligature is one scalar of the text and two of the spelling.
  const Encoded ligature = encoded("\uFB01\u00E9");
  CHECK(ligature.ids == ids);
  CHECK(ligature.spans == std::vector<TextSpan>{{0, 3}, {0, 5}, {0, 5}, {0, 5}, {0, 5}, {0, 5}});
}

// The groups of `<at>` by their beginnings: hashed by fastText's dictionary::computeSubwords.
TEST_CASE("ngrams: groups may have other lengths, and buckets may have been left out") {
  TextSettings text = settings();
  text.min_letters = 3;
  text.max_letters = 3;
  CHECK(encoded("at", text).ids == Ids{1, kWords + 74, kWords + 6});
  text.min_letters = 4;
  text.max_letters = 9;
  CHECK(encoded("at", text).ids == Ids{1, kWords + 8});
  const Ids kept{6, 17, 74};
  CHECK(encoded("At x", settings(), kept).ids == Ids{1, kWords + 2, kWords + 0, kWords + 1});
  CHECK(encoded("At x", settings(), kept).spans ==
        std::vector<TextSpan>{{0, 2}, {0, 2}, {0, 2}, {3, 4}});
  CHECK(encoder(settings(), kept)->id_count() == 5);
  text.max_letters = 3;
  CHECK_THROWS_WITH_AS(encoder(text), doctest::Contains("no groups of 4 to 3 letters"), Error);
}

TEST_CASE("ngrams: texts without spaces are cut by words' own rules") {
  const Ids hello = buckets({85, 81, 95});  // `<你好` `<你好>` `你好>`
  CHECK(encoded("\u4F60\u597D").ids == hello);
  Ids both = hello;
  both.insert(both.end(), {kWords + 17});
  CHECK(encoded("\u4F60\u597D x").ids == both);
}

TEST_CASE("ngrams: max_tokens counts words, and no word makes more ids than there is room for") {
  TextSettings one = settings();
  one.max_tokens = 1;
  CHECK(encoded("at at at", one).ids == encoded("at").ids);
  CHECK(encoded("x at", one).ids == encoded("x").ids);
  const std::string endless(100000, 'y');
  CHECK(encoded(endless, one).ids.size() == 20);
  CHECK(encoded("x " + endless).ids.size() == 8000);
  Encoded pair;
  TokenBuffer buffer;
  Ids types;
  one.max_tokens = 2;
  encoder(one)->encode({"x", "at at"}, buffer, {pair.ids, &pair.spans, &types});
  CHECK(pair.ids == Ids{kWords + 17, 1, kWords + 74, kWords + 8, kWords + 6});
  CHECK(types == Ids{0, 1, 1, 1, 1});
}

TEST_CASE("ngrams: a plan whose numbers cannot be is refused") {
  for (const std::int64_t hostile :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 31,
        std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    CAPTURE(hostile);
    CHECK_THROWS_WITH_AS(encoder(settings(hostile)), doctest::Contains("buckets"), Error);
  }
  const Plan plan =
      test::small_plan(test::kSmallModel, {"text.tokenizer=ngrams", "text.buckets=30"});
  Plan hostile = plan;
  hostile.text.buckets = 0;
  CHECK_THROWS_AS(Session(hostile, {.threads = 1}), Error);
  // More buckets than the table has rows: ids beyond it are not looked up.
  hostile.text.buckets = 1 << 30;
  CHECK_THROWS_WITH_AS(Session(hostile, {.threads = 1}), doctest::Contains("rows of word vectors"),
                       Error);
  hostile.text.buckets = 31;
  CHECK_THROWS_AS(Session(hostile, {.threads = 1}), Error);
  hostile.text.buckets = 29;
  Session session(hostile, {.threads = 1});
  Predictions out;
  session.predict(std::vector<std::string_view>{"some words"}, out);
  CHECK(id_count(settings(std::numeric_limits<std::int64_t>::max()), 5) ==
        std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("ngrams: a plan survives its file, and what it does not know differs by its letters") {
  const Plan plan =
      test::small_plan(test::kSmallModel, {"text.tokenizer=ngrams", "text.buckets=30"});
  CHECK(plan.text.buckets == 30);
  const PlanTensor* const table = plan.tensor("x.embedding.weight");
  REQUIRE(table != nullptr);
  CHECK(table->type.shape[0].value == static_cast<std::int64_t>(plan.vocabulary.ends.size()) + 30);
  const std::vector<std::byte> bytes = encode_plan(plan);
  const Plan again = decode_plan(bytes);
  CHECK(again.text == plan.text);
  Session before(plan, {.threads = 1});
  Session after(again, {.threads = 1});
  const std::vector<std::string_view> texts{"hott", "cooold", "w1 hot", ""};
  Predictions a;
  Predictions b;
  before.predict(texts, a);
  after.predict(texts, b);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK(std::ranges::equal(a.logits(i), b.logits(i)));
  }
  CHECK_FALSE(std::ranges::equal(a.logits(0), a.logits(1)));
  CHECK(test::small_plan().text.buckets == 0);
}

}  // namespace
}  // namespace weft
