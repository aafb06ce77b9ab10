// Vocabularies: built by count, looked up by spelling, never trusted.
#include "frontend/data/vocabulary_builder.h"

#include <doctest/doctest.h>

#include <random>
#include <unordered_map>

#include "ir/diagnostic.h"

namespace weft {
namespace {

using Offsets = std::vector<std::uint32_t>;

WordList build(const std::vector<std::string>& texts, VocabularyOptions options = {},
               std::vector<std::uint64_t>* counts = nullptr) {
  VocabularyBuilder builder(TextSettings{"whitespace"});
  for (const std::string& text : texts) builder.add(text);
  return builder.build(options, counts);
}

std::vector<std::string> strings(const WordList& words) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < words.size(); ++i) result.emplace_back(words[i]);
  return result;
}

TEST_CASE("vocabulary: by count, then by first appearance") {
  const std::vector<std::string> texts = {"b a c A", "c d <unk>", "e"};
  std::vector<std::uint64_t> counts;
  CHECK(strings(build(texts, {}, &counts)) ==
        std::vector<std::string>{"<unk>", "a", "c", "b", "d", "e"});
  CHECK(counts == std::vector<std::uint64_t>{1, 2, 2, 1, 1, 1});
  CHECK(strings(build(texts, {3, 1}, &counts)) == std::vector<std::string>{"<unk>", "a", "c"});
  CHECK(counts == std::vector<std::uint64_t>{4, 2, 2});
  CHECK(strings(build(texts, {0, 2})) == std::vector<std::string>{"<unk>", "a", "c"});
  CHECK(strings(build(texts, {1, 1})) == std::vector<std::string>{"<unk>"});
  CHECK(strings(build({})) == std::vector<std::string>{"<unk>"});
}

TEST_CASE("vocabulary: counts like a map, finds every word and no other") {
  std::mt19937 random(5);
  VocabularyBuilder builder(TextSettings{"whitespace"});
  std::unordered_map<std::string, std::uint64_t> expected;
  for (int text = 0; text < 300; ++text) {
    std::string line;
    for (int i = 0; i < 100; ++i) {
      const std::string word = "w" + std::to_string(random() % (1U << (random() % 15)));
      ++expected[word];
      line += word + " ";
    }
    builder.add(line);
  }
  std::vector<std::uint64_t> counts;
  const WordList words = builder.build({}, &counts);
  CHECK(builder.tokens() == 30000);
  REQUIRE(words.size() == expected.size() + 1);
  REQUIRE(builder.distinct() == expected.size());
  const Vocabulary vocabulary(words);
  for (std::size_t i = 1; i < words.size(); ++i) {
    REQUIRE(counts[i] == expected.at(std::string(words[i])));
    REQUIRE((i == 1 || counts[i] <= counts[i - 1]));
    REQUIRE(vocabulary.find(words[i]) == static_cast<std::int32_t>(i));
    REQUIRE(vocabulary.word(static_cast<std::int32_t>(i)) == words[i]);
    REQUIRE(vocabulary.find(std::string(words[i]) + "x") == kUnknownWord);
  }
  CHECK(vocabulary.find("") == kUnknownWord);
  CHECK(vocabulary.find("<unk>") == kUnknownWord);
}

TEST_CASE("vocabulary: max_tokens counts only the words a model will see") {
  VocabularyBuilder builder(TextSettings{"whitespace"});
  builder.add("a b c d", 2);
  CHECK(strings(builder.build({})) == std::vector<std::string>{"<unk>", "a", "b"});
}

TEST_CASE("vocabulary: a damaged word list is refused") {
  const auto load = [](std::string_view bytes, const Offsets& offsets) {
    return Vocabulary(bytes, offsets).size();
  };
  CHECK(load("<unk>ab", {0, 5, 6, 7}) == 3);
  CHECK_THROWS_AS(load("", {}), Error);
  CHECK_THROWS_AS(load("", {0}), Error);
  CHECK_THROWS_AS(load("<unk>ab", {1, 5, 6, 7}), Error);
  CHECK_THROWS_AS(load("<unk>ab", {0, 5, 6}), Error);
  CHECK_THROWS_AS(load("<unk>ab", {0, 5, 6, 8}), Error);
  CHECK_THROWS_AS(load("<unk>ab", {0, 7, 5, 7}), Error);
  CHECK_THROWS_AS(load("<unk>ab", {0, 5, 5, 7}), Error);
  CHECK_THROWS_WITH(load("abc", {0, 1, 3}),
                    "word 0 of the vocabulary is `a`; it must be `<unk>`, the unknown word");
  CHECK_THROWS_WITH(load("<unk>aba", {0, 5, 6, 7, 8}),
                    "words 1 and 3 of the vocabulary are both `a`");
}

}  // namespace
}  // namespace weft
