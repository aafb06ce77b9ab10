// The tokenizer `fasttext`: ids worked out by a program apart from this one, from fastText's rules;
// the bytes they stand for, and what plans may say. tests/e2e/fasttext.sh compares answers.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ir/diagnostic.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/vocabulary.h"

namespace weft {
namespace {

using Ids = std::vector<std::int32_t>;
using Spans = std::vector<TextSpan>;

struct Form {
  std::int64_t word_ngrams = 1, min_letters = 0, max_letters = 0, buckets = 1000;
  std::int64_t max_tokens = 400;
  bool lowercase = false;
  std::vector<std::int32_t> kept = {};
};

// The words `the`, `cat` and `</s>`.
std::unique_ptr<Encoder> encoder(const Form& form) {
  static const WordList list = [] {
    WordList words;
    for (const char* word : {"the", "cat", "</s>"}) words.add(word);
    return words;
  }();
  TextSettings text;
  text.tokenizer = "fasttext";
  text.lowercase = form.lowercase;
  text.nfkc = false;
  text.word_ngrams = form.word_ngrams;
  text.min_letters = form.min_letters;
  text.max_letters = form.max_letters;
  text.buckets = form.buckets;
  text.max_tokens = form.max_tokens;
  return make_encoder(text, {list.bytes, std::span(list.offsets).subspan(1), {}, form.kept});
}

Ids ids(const std::string& text, const Form& form, Spans* spans = nullptr) {
  Ids out;
  TokenBuffer buffer;
  encoder(form)->encode(text, buffer, out, spans);
  return out;
}

const std::string kAccented = "cat h\u00E9";

TEST_CASE("fasttext: words between spaces, the end of the text, hashed n-grams of words") {
  CHECK(ids("the cat sat", {}) == Ids{0, 1, 2});
  CHECK(ids("the cat sat", {.word_ngrams = 2}) == Ids{0, 1, 2, 414, 31, 617});
  CHECK(ids("the cat sat", {.word_ngrams = 3}) == Ids{0, 1, 2, 414, 899, 31, 144, 617});
  CHECK(ids(std::string("\tthe\0 cat\v\n\fsat\r", 15), {.word_ngrams = 2}) ==
        Ids{0, 1, 2, 414, 31, 617});
  CHECK(ids("", {}) == Ids{2});
  CHECK(ids("The CAT", {}) == Ids{2});
  CHECK(ids("The CAT", {.lowercase = true}) == Ids{0, 1, 2});
}

TEST_CASE("fasttext: groups of letters are counted in Unicode scalars, and have marks") {
  CHECK(ids(kAccented, {.min_letters = 2, .max_letters = 3}) ==
        Ids{1, 515, 750, 948, 34, 139, 109, 618, 420, 104, 18, 646, 784, 2});
  CHECK(ids("a", {.min_letters = 1, .max_letters = 2}) == Ids{753, 223, 809, 2});
}

TEST_CASE("fasttext: bytes that are no UTF-8 are hashed as they are") {
  CHECK(ids("\xFF\xFE cat", {.word_ngrams = 2, .min_letters = 1, .max_letters = 1}) ==
        Ids{329, 948, 1, 461, 223, 270, 2, 394, 985});
}

TEST_CASE("fasttext: a word that looks like a label is none, and </s> ends the text") {
  CHECK(ids("the __label__x cat", {.word_ngrams = 2}) == Ids{0, 1, 2, 414, 985});
  CHECK(ids("the </s> cat", {.word_ngrams = 2}) == Ids{0, 2, 864});
}

TEST_CASE("fasttext: buckets that were left out have no id, and others their place") {
  const Form form{.min_letters = 2, .max_letters = 3, .kept = {15, 31, 101, 106}};
  CHECK(ids(kAccented, form) == Ids{1, 4, 6, 5, 3, 2});
  CHECK(encoder(form)->id_count() == 7);
  CHECK(encoder({.min_letters = 2, .max_letters = 3})->id_count() == 1003);
  CHECK(encoder({})->id_count() == 3);  // nothing is hashed
}

TEST_CASE("fasttext: ids stand for bytes of the text; the end of it for none") {
  Spans spans;
  ids(" the cat", {.word_ngrams = 2}, &spans);
  CHECK(spans == Spans{{1, 4}, {5, 8}, {0, 0}, {1, 8}, {5, 8}});
  spans.clear();
  ids("h\u00E9", {.min_letters = 2, .max_letters = 2}, &spans);
  CHECK(spans == Spans{{0, 1}, {0, 3}, {1, 3}, {0, 0}});
}

TEST_CASE("fasttext: long texts are cut at words and at ids") {
  CHECK(ids("cat cat cat cat", {.max_tokens = 3}) == Ids{1, 1, 2});
  const Form form{.min_letters = 3, .max_letters = 3, .max_tokens = 2};
  CHECK(encoder(form)->max_ids() == 2 * 9);
  CHECK(ids(std::string(100, 'x'), form).size() == 18);
}

TEST_CASE("fasttext: settings that make no sense are refused") {
  const auto refuses = [](const Form& form, const char* message) {
    CHECK_THROWS_WITH_AS(encoder(form), doctest::Contains(message), Error);
  };
  refuses({.word_ngrams = 9}, "no n-grams of 9 words");
  refuses({.word_ngrams = 0}, "no n-grams of 0 words");
  refuses({.min_letters = 4, .max_letters = 3}, "no groups of 4 to 3 letters");
  refuses({.min_letters = 0, .max_letters = 3}, "no groups of 0 to 3 letters");
  refuses({.min_letters = 1, .max_letters = 65}, "no groups of 1 to 65 letters");
  refuses({.word_ngrams = 2, .buckets = 0}, "cannot have 0 buckets behind 3 words");
  refuses({.word_ngrams = 2, .buckets = 2147483647}, "cannot have 2147483647 buckets");
}

}  // namespace
}  // namespace weft
