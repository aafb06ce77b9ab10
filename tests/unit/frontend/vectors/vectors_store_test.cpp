// Word vectors that many models share, against those that each reads for itself.
#include "frontend/vectors/vectors_store.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "frontend/train/build_plan.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

// Words of one letter or two, in three spellings.
std::string some_word(std::mt19937& random) {
  constexpr std::string_view kLetters = "abcdefg";
  std::string word(1 + random() % 2, ' ');
  const auto capitals = random() % 3;
  for (std::size_t i = 0; i < word.size(); ++i) {
    word[i] = kLetters[random() % kLetters.size()];
    if (capitals == 2 || (capitals == 1 && i == 0)) word[i] = static_cast<char>(word[i] - 32);
  }
  return word;
}

Corpus some_corpus(std::mt19937& random) {
  std::vector<Example> examples;
  for (std::size_t i = 0; i < 12; ++i) {
    std::string text;
    for (int w = 0; w < 5; ++w) text += some_word(random) + ' ';
    examples.push_back({text, {i % 2 == 0 ? "x" : "y"}, i + 1});
  }
  return Corpus(examples);
}

std::string some_vectors(std::mt19937& random) {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    text += fmt::format("{} {} {}\n", some_word(random), random() % 1000, random() % 1000);
  }
  return text;
}

bool same(const Plan& a, const Plan& b) {
  return a.vocabulary.words == b.vocabulary.words &&
         std::ranges::equal(a.vocabulary.ends, b.vocabulary.ends) &&
         std::ranges::equal(a.notes, b.notes, {}, &PlanNote::text, &PlanNote::text) &&
         std::ranges::equal(a.tensors, b.tensors, [](const PlanTensor& s, const PlanTensor& t) {
           return std::ranges::equal(s.bytes, t.bytes);
         });
}

TEST_CASE("a store's vectors are those of the file, and the file is read once") {
  const Description model = parse_description(
      "model m\n"
      "text tokenizer=words\n"
      "a = embedding(text, width=2)\n"
      "b = embedding(text, vectors=\"second.txt\")\n"
      "logits = concat(a, b) | mean_pool | linear(labels)\n"
      "output softmax(logits)\n",
      "m.model");
  std::mt19937 random(1);  // NOLINT: the same each time
  for (int round = 0; round < 3; ++round) {
    const Corpus corpus = some_corpus(random);
    const TemporaryFile first("first.txt", some_vectors(random));
    const TemporaryFile second("second.txt", some_vectors(random));
    Description placed = model;
    placed.file = second.directory() + "/m.model";
    int read = 0;
    VectorsOptions shared{first.path(), [&](const auto&, double) { ++read; },
                          std::make_shared<VectorsStore>(corpus)};
    for (const char* lowercase : {"lowercase=true", "lowercase=false"}) {
      int before = 0;
      for (std::uint32_t fold = 0; fold < 4; ++fold) {
        std::vector<std::uint32_t> rows;
        for (std::uint32_t i = 0; i < corpus.size(); ++i) {
          if (i % 4 == fold) rows.push_back(i);
        }
        const std::vector<std::string> set = {
            lowercase, fold < 2 ? "vocabulary=30" : "vocabulary=99", "added_words=40"};
        const Plan own =
            build_plan(placed, Overrides(set), {corpus, rows}, {}, {{first.path(), {}}});
        CHECK(same(build_plan(placed, Overrides(set), {corpus, rows}, {}, {shared}), own));
        if (fold == 2) before = read;
      }
      CHECK(before > 0);
      CHECK(read == before);  // in the last fold no more
    }
  }
}

}  // namespace
}  // namespace weft
