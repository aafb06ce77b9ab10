// Explanations by the C interface: contributions of words and of n-grams add up to the logit.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <string>

#include "frontend/c/weft_frontend.h"
#include "frontend/train/import_pretrained.h"
#include "tests/support/c_session.h"
#include "tests/support/small_model.h"
#include "tests/support/token_lines.h"

namespace weft {
namespace {

using test::Data;
using test::learn;
using test::opened;
using test::said;

TEST_CASE("C explains a logit by words whose contributions add up to it") {
  const Data data;
  weft_session* c = opened(test::small_plan(), 1);
  learn(c, data, 6);  // of what the session knows now, not of the plan as it was loaded
  const std::string text = "w1 hot strange w2";
  const char* const given = text.c_str();
  std::array<float, 2> logits{};
  REQUIRE(weft_predict_logits(c, &given, nullptr, 1, logits.data()) == WEFT_OK);
  for (const std::int32_t label : {0, 1}) {
    weft_explanation e{};
    REQUIRE(weft_explain(c, text.data(), text.size(), nullptr, 0, label, &e) == WEFT_OK);
    CHECK(e.exact == 1);
    CHECK(e.logit == doctest::Approx(logits[static_cast<std::size_t>(label)]).epsilon(1e-4));
    REQUIRE(e.word_count == 4);
    double sum = e.bias, sum_of_ngrams = e.bias, largest = INFINITY;
    std::string joined;
    for (std::size_t i = 0; i < e.word_count; ++i) {
      const weft_word& word = e.words[i];
      joined += text.substr(word.begin, word.end - word.begin) + ' ';
      sum += word.contribution;
      CHECK(word.in_pair == 0);
      CHECK(word.known == (i == 2 ? 0 : 1));
    }
    CHECK(joined == text + ' ');
    CHECK(sum == doctest::Approx(e.logit));
    REQUIRE(e.ngram_count > 0);
    for (std::size_t i = 0; i < e.ngram_count; ++i) {
      const weft_ngram& ngram = e.ngrams[i];
      REQUIRE(ngram.first <= ngram.last);
      REQUIRE(ngram.last < e.word_count);
      CHECK(std::abs(ngram.contribution) <= largest);
      largest = std::abs(ngram.contribution);
      sum_of_ngrams += ngram.contribution;
    }
    CHECK(sum_of_ngrams == doctest::Approx(e.logit));
    weft_free_explanation(&e);
    CHECK(e.words == nullptr);
    CHECK(e.ngrams == nullptr);
  }
  weft_explanation none{};
  REQUIRE(weft_explain(c, "", 0, nullptr, 0, 0, &none) == WEFT_OK);
  CHECK(none.word_count == 0);
  CHECK(none.bias == doctest::Approx(none.logit));
  weft_free_explanation(&none);
  CHECK(weft_explain(c, "w", 1, nullptr, 0, 2, &none) == WEFT_BAD_ARGUMENT);
  CHECK(weft_explain(c, "w", 1, nullptr, 0, -1, &none) == WEFT_BAD_ARGUMENT);
  CHECK(weft_explain(c, nullptr, 1, nullptr, 0, 0, &none) == WEFT_BAD_ARGUMENT);
  CHECK(weft_explain(c, "w", 1, nullptr, 0, 0, nullptr) == WEFT_BAD_ARGUMENT);
  CHECK(weft_explain(nullptr, "w", 1, nullptr, 0, 0, &none) == WEFT_BAD_ARGUMENT);
  CHECK(weft_explain(c, "w", 1, "w", 1, 0, &none) == WEFT_FAILED);
  said("reads one text");
  weft_free_explanation(nullptr);
  weft_free(c);
}

// Groups of letters and pairs of words: each is a word of the explanation, inside others or around.
TEST_CASE("C explains tokens that lie within one another") {
  const std::string text(test::small_corpus().text(2));
  const char* const given = text.c_str();
  for (const char* tokenizer : {"ngrams buckets=40", "words word_ngrams=2"}) {
    CAPTURE(std::string(tokenizer));
    weft_session* c =
        opened(test::small_plan(std::string("model bag\ntext tokenizer=") + tokenizer +
                                "\nx = embedding(text, width=8) | mean_pool\n"
                                "output softmax(x | linear(labels))\ntrain adam(rate=0.01)\n"),
               0);
    std::array<float, 2> logits{};
    REQUIRE(weft_predict_logits(c, &given, nullptr, 1, logits.data()) == WEFT_OK);
    weft_explanation e{};
    REQUIRE(weft_explain(c, text.data(), text.size(), nullptr, 0, 1, &e) == WEFT_OK);
    CHECK(e.logit == doctest::Approx(logits[1]).epsilon(1e-4));
    REQUIRE(e.ngram_count == e.word_count);
    double sum = e.bias;
    bool nested = false;
    for (std::size_t i = 0; i < e.ngram_count; ++i) {
      CHECK(e.ngrams[i].first == e.ngrams[i].last);
      const weft_word& word = e.words[e.ngrams[i].first];
      CHECK(word.contribution == e.ngrams[i].contribution);
      sum += word.contribution;
      REQUIRE(word.end <= text.size());
      nested = nested || std::any_of(e.words, e.words + e.word_count, [&](const weft_word& other) {
                 return other.begin <= word.begin && word.end < other.end;
               });
    }
    CHECK(nested);
    CHECK(sum == doctest::Approx(e.logit));
    weft_free_explanation(&e);
    weft_free(c);
  }
}

TEST_CASE("C explains pairs by the words of both texts") {
  if (!std::filesystem::exists(test::pretrained_models() / "README.md")) {
    MESSAGE("skipped: there are no pretrained models: they belong in ../shared/data/pretrained");
    return;
  }
  const auto folder = (test::pretrained_models() / "tiny-bert-classifier").string();
  weft_session* c = opened(import_pretrained(folder, {}, {}, /*pair=*/true), 0);
  const std::string text = "a good\tfilm", pair = "the book";  // a tab is no border between them
  weft_explanation e{};
  REQUIRE(weft_explain(c, text.data(), text.size(), pair.data(), pair.size(), 1, &e) == WEFT_OK);
  CHECK(e.exact == 0);
  std::size_t first = 0, second = 0;
  for (std::size_t i = 0; i < e.word_count; ++i) {
    const weft_word& word = e.words[i];
    const std::string& of = word.in_pair == 1 ? pair : text;
    (word.in_pair == 1 ? second : first) += 1;
    REQUIRE(word.begin < word.end);
    REQUIRE(word.end <= of.size());
    if (word.begin > 0) CHECK(of.find_first_of(" \t", word.begin) >= word.end);
  }
  CHECK(first >= 3);
  CHECK(second >= 2);
  weft_free_explanation(&e);
  weft_free(c);
}

}  // namespace
}  // namespace weft
