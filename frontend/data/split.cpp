// Stratified sampling: groups examples by class, shuffles each group, and deals it out.
#include "frontend/data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ir/diagnostic.h"

namespace weft {
namespace {

// SplitMix64 (Steele, Lea and Flood 2014): small, and the same on every machine, which the standard
// library's distributions are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

  // A number below `bound`. The bias is small, because `bound` is small beside 2^64.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }

  void shuffle(std::vector<std::uint32_t>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

// The examples of each class, shuffled; the last group is those without a label.
std::vector<std::vector<std::uint32_t>> shuffled_strata(const Corpus& corpus,
                                                        std::span<const std::uint32_t> rows,
                                                        std::uint64_t seed) {
  const std::size_t classes = corpus.label_names().size();
  std::vector<std::size_t> counts(classes + 1, 0);
  for (const std::uint32_t i : rows) {
    for (const std::uint32_t label : corpus.labels(i)) ++counts[label];
  }
  std::vector<std::vector<std::uint32_t>> strata(classes + 1);
  for (const std::uint32_t i : rows) {
    std::size_t rarest = classes;
    for (const std::uint32_t label : corpus.labels(i)) {
      if (rarest == classes || counts[label] < counts[rarest]) rarest = label;
    }
    strata[rarest].push_back(i);
  }
  Random random(seed);
  for (std::vector<std::uint32_t>& stratum : strata) random.shuffle(stratum);
  return strata;
}

// How many examples of each class to hold out: its share rounded down, and one more for the largest
// remainders until the total is right. Chance decides between equal remainders; otherwise many
// small classes would be held out in their order, the first ones only.
std::vector<std::size_t> held_out(const std::vector<std::vector<std::uint32_t>>& strata,
                                  std::size_t examples, double fraction, std::uint64_t seed) {
  std::vector<std::size_t> take(strata.size());
  std::vector<double> remainder(strata.size());
  std::size_t taken = 0;
  for (std::size_t i = 0; i < strata.size(); ++i) {
    const double share = fraction * static_cast<double>(strata[i].size());
    take[i] = static_cast<std::size_t>(share);
    remainder[i] = share - static_cast<double>(take[i]);
    taken += take[i];
  }
  std::vector<std::uint32_t> order(strata.size());
  std::iota(order.begin(), order.end(), 0U);
  Random(seed).shuffle(order);
  std::ranges::stable_sort(
      order, [&](std::uint32_t a, std::uint32_t b) { return remainder[a] > remainder[b]; });
  const auto wanted =
      static_cast<std::size_t>(std::llround(fraction * static_cast<double>(examples)));
  for (const std::uint32_t i : order) {
    if (taken >= wanted) break;
    if (remainder[i] == 0 || take[i] + 1 >= strata[i].size()) continue;
    ++take[i];
    ++taken;
  }
  return take;
}

}  // namespace

std::vector<std::uint32_t> all_rows(const Corpus& corpus) {
  std::vector<std::uint32_t> rows(corpus.size());
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

Split stratified_split(const Corpus& corpus, double valid_fraction, std::uint64_t seed) {
  return stratified_split(corpus, all_rows(corpus), valid_fraction, seed);
}

Split stratified_split(const Corpus& corpus, std::span<const std::uint32_t> rows,
                       double valid_fraction, std::uint64_t seed) {
  if (!(valid_fraction >= 0 && valid_fraction < 1)) {
    throw Error(fmt::format("a validation fraction of {} makes no sense", valid_fraction),
                "Give --valid-fraction a number of at least 0 and less than 1, such as 0.1.");
  }
  const auto strata = shuffled_strata(corpus, rows, seed);
  const std::vector<std::size_t> take = held_out(strata, rows.size(), valid_fraction, seed);
  Split split;
  for (std::size_t s = 0; s < strata.size(); ++s) {
    for (std::size_t i = 0; i < strata[s].size(); ++i) {
      (i < take[s] ? split.valid : split.train).push_back(strata[s][i]);
    }
  }
  std::ranges::sort(split.train);
  std::ranges::sort(split.valid);
  return split;
}

std::vector<std::uint32_t> folds_by_row(std::size_t examples, std::uint32_t folds) {
  if (folds < 2 || folds > examples) {
    throw Error(fmt::format("{} examples cannot be split into {} folds", examples, folds),
                fmt::format("Choose from 2 to {} folds.", examples));
  }
  std::vector<std::uint32_t> fold_of(examples);
  for (std::size_t i = 0; i < examples; ++i) fold_of[i] = static_cast<std::uint32_t>(i % folds);
  return fold_of;
}

std::vector<std::uint32_t> stratified_folds(const Corpus& corpus, std::uint32_t folds,
                                            std::uint64_t seed) {
  const std::vector<std::uint32_t> deal = folds_by_row(corpus.size(), folds);
  std::vector<std::uint32_t> fold_of(corpus.size());
  std::size_t dealt = 0;  // a class goes on where the last one ended: the folds stay equal
  for (const std::vector<std::uint32_t>& stratum :
       shuffled_strata(corpus, all_rows(corpus), seed)) {
    for (const std::uint32_t example : stratum) fold_of[example] = deal[dealt++];
  }
  return fold_of;
}

Split split_of_fold(const std::vector<std::uint32_t>& fold_of, std::uint32_t fold) {
  Split split;
  for (std::uint32_t i = 0; i < fold_of.size(); ++i) {
    (fold_of[i] == fold ? split.valid : split.train).push_back(i);
  }
  return split;
}

}  // namespace weft
