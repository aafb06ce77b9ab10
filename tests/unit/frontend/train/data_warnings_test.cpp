// Warnings on data: each is made exactly where it is true, with the numbers counted by hand.
#include "frontend/train/data_warnings.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "frontend/data/split.h"

namespace weft {
namespace {

using Rows = std::vector<std::uint32_t>;

Corpus corpus_of(const std::vector<std::pair<std::string, std::vector<std::string>>>& texts) {
  std::vector<Example> examples;
  for (const auto& [text, labels] : texts) examples.push_back({text, labels, examples.size() + 2});
  return Corpus(examples);
}

TEST_CASE("data warnings: names are listed, the first five of them") {
  CHECK(listed(std::vector<std::string>{"a"}) == "`a`");
  CHECK(listed(std::vector<std::string>{"a", "b"}) == "`a`, `b`");
  CHECK(listed(std::vector<std::string>{"a", "b", "c", "d", "e", "f", "g"}) ==
        "`a`, `b`, `c`, `d`, `e` and 2 more");
  CHECK(unknown_label_warnings({}).empty());
  CHECK(unknown_label_warnings(std::vector<std::string>(10000, "x"))[0].size() < 200);
}

TEST_CASE("data warnings: one label, or nearly") {
  const auto on = [](const Corpus& corpus, const DescriptionSettings& settings = {}) {
    return label_warnings({corpus, all_rows(corpus)}, settings);
  };
  const Warnings single = on(corpus_of({{"x", {"only"}}}));
  REQUIRE(single.size() == 1);
  CHECK(single[0].starts_with("the only text has the label `only` and no other"));
  const Warnings several = on(corpus_of({{"x", {"only"}}, {"y", {"only"}}}));
  REQUIRE(several.size() == 1);
  CHECK(several[0].starts_with("all 2 texts have the label `only`"));
  CHECK(on(corpus_of({{"x", {"a"}}, {"y", {"b"}}})).empty());
  CHECK(on(corpus_of({{"x", {"a"}}, {"y", {}}})).empty());  // a or not: that is a question

  std::vector<Example> swapped;
  for (int i = 0; i < 30; ++i) swapped.push_back({"pos", {fmt::format("a film {}", i % 20)}, 1});
  const Warnings columns = on(Corpus(swapped));
  REQUIRE(columns.size() == 1);
  CHECK(columns[0].starts_with("30 texts have 20 different labels, `a film 0` for one"));
  for (Example& example : swapped) example.labels[0].resize(8);  // ten labels
  CHECK(on(Corpus(swapped)).empty());

  std::vector<Example> examples(999, {"t", {"many"}, 1});
  examples.push_back({"t", {"rare"}, 1});
  const Corpus skewed(examples);
  const Warnings nearly = on(skewed);
  REQUIRE(nearly.size() == 1);
  CHECK(nearly[0].starts_with("999 of 1000 texts have the label `many`"));
  CHECK(nearly[0].find("99.90 %") != std::string::npos);
  DescriptionSettings settings;
  settings.balanced = true;
  CHECK(on(skewed, settings).empty());
  settings = {};
  settings.metric = BestBy::macro_f1;
  CHECK(on(skewed, settings).empty());
  // A part of them that is of one label: the corpus knows more, the part does not.
  const Rows part{0, 1, 2};
  CHECK(label_warnings({skewed, part}, {})[0].starts_with("all 3 texts have"));
}

TEST_CASE("data warnings: Chinese without spaces is no matter for tokenizer=whitespace") {
  const auto on = [](const char* text, const char* tokenizer) {
    const Corpus corpus = corpus_of({{text, {"a"}}, {text, {"b"}}});
    DescriptionSettings settings;
    settings.text.tokenizer = tokenizer;
    return text_warnings({corpus, all_rows(corpus)}, settings).size();
  };
  const char* sentence = "酒店位置很好，早餐丰富";
  CHECK(on(sentence, "whitespace") == 1);
  CHECK(on(sentence, "words") == 0);
  CHECK(on(sentence, "characters") == 0);
  CHECK(on("酒店 位置 很 好 ， 早餐 丰富", "whitespace") == 0);
  CHECK(on("unnecessarily interdisciplinary", "whitespace") == 0);
  CHECK(on("", "whitespace") == 0);
}

TEST_CASE("data warnings: labels that one part has and the other lacks") {
  const Corpus train = corpus_of({{"1", {"a"}}, {"2", {"b"}}, {"3", {"c"}}});
  const Corpus valid = corpus_of({{"4", {"b"}}, {"5", {"d"}}});
  const Warnings warnings = split_warnings({train, all_rows(train)}, {valid, all_rows(valid)});
  REQUIRE(warnings.size() == 3);
  CHECK(warnings[0].find("1 label that training has not: `d`;") != std::string::npos);
  CHECK(warnings[1].find("lacks 2 labels of training: `a`, `c`;") != std::string::npos);
  CHECK(
      warnings[2] ==
      "2 validation texts decide nothing, as each is 50.0 % of the accuracy: validate on more, or "
      "measure by `weft crossval`");
  CHECK(split_warnings({train, all_rows(train)}, {train, all_rows(train)}).size() == 2);
}

TEST_CASE("data warnings: too few texts to validate by") {
  const Corpus train = corpus_of({{"one", {"a"}}});
  const auto said = [&](std::size_t texts) {
    std::vector<Example> examples;
    for (std::size_t i = 0; i < texts; ++i) examples.push_back({"other", {"a"}});
    const Corpus valid(examples);
    return split_warnings(train, valid);
  };
  CHECK(said(1).at(0).starts_with("1 validation text decides nothing, as each is 100"));
  CHECK(said(49).size() == 1);
  CHECK(said(50).empty());
}

TEST_CASE("data warnings: texts in both parts, and what they are called there") {
  const Corpus train =
      corpus_of({{"one", {"a"}}, {"two", {"b"}}, {"", {"a"}}, {"six", {"a", "b"}}});
  const Corpus valid =
      corpus_of({{"tow", {"a"}}, {"two", {"a"}}, {"", {"b"}}, {"one", {"a"}}, {"six", {"b", "a"}}});
  const Warnings warnings = split_warnings({train, all_rows(train)}, {valid, all_rows(valid)});
  REQUIRE(warnings.size() == 2);
  CHECK(
      warnings[0].starts_with("3 of 5 validation texts are in the training data too "
                              "(line 3 is line 3 of the training data, for one)"));
  CHECK(warnings[0].ends_with("; 1 with other labels"));
  // The two parts of one file.
  const Corpus both = corpus_of({{"x", {"a"}}, {"y", {"b"}}, {"x", {"a"}}, {"z", {"b"}}});
  const Rows learnt{0, 1}, held_out{2, 3};
  const Warnings split = split_warnings({both, learnt}, {both, held_out});
  REQUIRE(split.size() == 2);
  CHECK(split[0].starts_with("1 of 2 validation texts is in the training data too (line 4 is "));
}

TEST_CASE("data warnings: texts that a model reads alike are the same") {
  const Corpus train = corpus_of({{"Good  film", {"a"}}, {" ", {"b"}}});
  const Corpus valid = corpus_of({{"good film ", {"a"}}, {"ＧＯＯＤ　film", {"b"}}, {"  ", {"a"}}});
  const Rows learnt{0, 1}, held_out{0, 1, 2};
  const CorpusView a{train, learnt};
  const CorpusView b{valid, held_out};
  const Warnings warnings = split_warnings(a, b);
  REQUIRE(warnings.size() == 2);
  CHECK(
      warnings[0].starts_with("2 of 3 validation texts are in the training data too, case, width "
                              "and spaces aside (line 2 is line 2 of"));
  TextSettings text;
  text.lowercase = false;
  CHECK(split_warnings(a, b, text).size() == 1);
  const Corpus folds = corpus_of({{"x y", {"a"}}, {"X  Y", {"a"}}});
  CHECK(fold_warnings(folds, Rows{0, 1}).size() == 1);
  CHECK(fold_warnings(folds, Rows{0, 1}, text).empty());
}

TEST_CASE("data warnings: folds with the same texts, and labels that are in one fold only") {
  const Corpus corpus =
      corpus_of({{"x", {"a"}}, {"y", {"b"}}, {"x", {"a"}}, {"z", {"c"}}, {"", {"a"}}, {"", {"b"}}});
  const Warnings warnings = fold_warnings(corpus, Rows{0, 1, 1, 1, 0, 1});
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].starts_with("all texts of 2 labels fall into one fold: `b`, `c`;"));
  CHECK(warnings[1].starts_with("2 of 6 texts are in two folds or more"));
  const Warnings none =
      fold_warnings(corpus_of({{"x", {"a"}}, {"x", {"a"}}, {"y", {"a"}}}), Rows{0, 0, 1});
  CHECK(none.empty());
}

}  // namespace
}  // namespace weft
