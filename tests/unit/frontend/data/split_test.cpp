// Splits: every example once, classes in proportion, the same for the same seed.
#include "frontend/data/split.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "ir/diagnostic.h"

namespace weft {
namespace {

// `counts[c]` examples of class c, interleaved.
Corpus corpus_of(std::vector<std::size_t> counts) {
  std::vector<Example> examples;
  for (bool any = true; any;) {
    any = false;
    for (std::size_t c = 0; c < counts.size(); ++c) {
      if (counts[c] == 0) continue;
      --counts[c];
      any = true;
      examples.push_back({"", {std::to_string(c)}, examples.size() + 1});
    }
  }
  return Corpus(examples);
}

std::vector<std::size_t> class_counts(const Corpus& corpus,
                                      const std::vector<std::uint32_t>& part) {
  std::vector<std::size_t> counts(corpus.label_names().size(), 0);
  for (const std::uint32_t i : part) ++counts[corpus.labels(i)[0]];
  return counts;
}

void check_partition(const Split& split, std::size_t size) {
  std::vector<std::uint32_t> all = split.train;
  all.insert(all.end(), split.valid.begin(), split.valid.end());
  CHECK(std::is_sorted(split.train.begin(), split.train.end()));
  CHECK(std::is_sorted(split.valid.begin(), split.valid.end()));
  std::sort(all.begin(), all.end());
  REQUIRE(all.size() == size);
  for (std::uint32_t i = 0; i < size; ++i) REQUIRE(all[i] == i);
}

TEST_CASE("split: a fraction of every class, the rest in training") {
  const Corpus corpus = corpus_of({100, 50, 11, 2, 1});
  for (const double fraction : {0.0, 0.1, 0.25, 0.5, 0.9, 0.999}) {
    const Split split = stratified_split(corpus, fraction, 1);
    check_partition(split, corpus.size());
    const auto train = class_counts(corpus, split.train);
    const auto valid = class_counts(corpus, split.valid);
    for (std::size_t c = 0; c < train.size(); ++c) {
      const double share = fraction * static_cast<double>(train[c] + valid[c]);
      CHECK(std::abs(static_cast<double>(valid[c]) - share) < 1);
      CHECK(train[c] >= 1);
    }
    if (fraction <= 0.5) CHECK(split.valid.size() == std::llround(fraction * 164));
  }
}

TEST_CASE("split: of many small classes chance decides which are held out, not their order") {
  const Corpus corpus = corpus_of(std::vector<std::size_t>(1000, 3));
  const Split split = stratified_split(corpus, 0.1, 1);
  CHECK(split.valid.size() == 300);
  const auto valid = class_counts(corpus, split.valid);
  const auto late = std::count(valid.begin() + 500, valid.end(), 1U);
  CHECK(std::count(valid.begin(), valid.end(), 1U) == 300);
  CHECK(std::abs(static_cast<double>(late) - 150) < 45);  // more than five standard deviations
}

TEST_CASE("split: seeds") {
  const Corpus corpus = corpus_of({60, 40});
  CHECK(stratified_split(corpus, 0.2, 1).valid == stratified_split(corpus, 0.2, 1).valid);
  CHECK(stratified_split(corpus, 0.2, 1).valid != stratified_split(corpus, 0.2, 2).valid);
  CHECK(stratified_folds(corpus, 5, 1) == stratified_folds(corpus, 5, 1));
  CHECK(stratified_folds(corpus, 5, 1) != stratified_folds(corpus, 5, 2));
}

TEST_CASE("split: an example of several labels counts for its rarest") {
  std::vector<Example> examples(40, Example{"", {"common"}, 1});
  for (std::size_t i = 0; i < 10; ++i) examples[i * 4].labels.emplace_back("rare");
  const Corpus corpus(examples);
  const Split split = stratified_split(corpus, 0.2, 3);
  const auto rare = std::count_if(split.valid.begin(), split.valid.end(),
                                  [&](std::uint32_t i) { return corpus.labels(i).size() == 2; });
  CHECK(rare == 2);
  CHECK(split.valid.size() == 8);
}

TEST_CASE("split: folds") {
  CHECK(folds_by_row(5, 2) == std::vector<std::uint32_t>{0, 1, 0, 1, 0});
  const Corpus corpus = corpus_of({53, 24, 5, 1});
  const std::vector<std::uint32_t> fold_of = stratified_folds(corpus, 4, 9);
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> cells;
  for (std::uint32_t fold = 0; fold < 4; ++fold) {
    const Split split = split_of_fold(fold_of, fold);
    check_partition(split, corpus.size());
    CHECK(split.valid.size() >= 20);
    CHECK(split.valid.size() <= 21);
    const auto counts = class_counts(corpus, split.valid);
    const std::size_t total[] = {53, 24, 5, 1};
    for (std::size_t c = 0; c < 4; ++c) {
      CHECK(counts[c] >= total[c] / 4);
      CHECK(counts[c] <= total[c] / 4 + 1);
    }
  }
}

TEST_CASE("split: what makes no sense is refused") {
  const Corpus corpus = corpus_of({3, 3});
  CHECK_THROWS_AS(stratified_split(corpus, 1.0, 1), Error);
  CHECK_THROWS_AS(stratified_split(corpus, -0.1, 1), Error);
  CHECK_THROWS_AS(stratified_split(corpus, std::nan(""), 1), Error);
  CHECK_THROWS_AS(folds_by_row(6, 1), Error);
  CHECK_THROWS_AS(stratified_folds(corpus, 7, 1), Error);
  CHECK(stratified_split(Corpus(), 0.5, 1).train.empty());
}

}  // namespace
}  // namespace weft
