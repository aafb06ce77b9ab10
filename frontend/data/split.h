// Splits a corpus into training and validation parts, once or in folds: seeded, and the same on
// every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "frontend/data/corpus.h"

namespace weft {

std::vector<std::uint32_t> all_rows(const Corpus& corpus);  // 0, 1, 2 …

// The numbers of examples, ascending.
struct Split {
  std::vector<std::uint32_t> train, valid;
};

// Holds out `valid_fraction` of the examples, at least 0 and less than 1, and the same share of
// every class to within one example. The last example of a class stays in training. An example of
// several labels counts for the rarest of them.
Split stratified_split(const Corpus& corpus, double valid_fraction, std::uint64_t seed);
// The same for the examples `rows`.
Split stratified_split(const Corpus& corpus, std::span<const std::uint32_t> rows,
                       double valid_fraction, std::uint64_t seed);

// The fold of each example, from 0: its row number modulo `folds`...
std::vector<std::uint32_t> folds_by_row(std::size_t examples, std::uint32_t folds);

// ...or at random, with folds as equal as possible in size and in examples of each class.
std::vector<std::uint32_t> stratified_folds(const Corpus& corpus, std::uint32_t folds,
                                            std::uint64_t seed);

// Fold `fold` for validation, the others for training.
Split split_of_fold(const std::vector<std::uint32_t>& fold_of, std::uint32_t fold);

}  // namespace weft
