// Parts of a corpus for validation: held out once, or in turns. Seeded, and the same everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "frontend/data/corpus.h"

namespace weft {

std::vector<std::uint32_t> all_rows(const Corpus& corpus);  // 0, 1, 2 …

// Examples by number, ascending.
struct Split {
  std::vector<std::uint32_t> train, valid;
};

// Holds out `valid_fraction` of the examples (from 0 up to, not including, 1), of every class its
// share to within one example. The last example of a class stays in training. An example of several
// labels counts for the rarest of them.
Split stratified_split(const Corpus& corpus, double valid_fraction, std::uint64_t seed);
// The same for some of the examples.
Split stratified_split(const Corpus& corpus, std::span<const std::uint32_t> rows,
                       double valid_fraction, std::uint64_t seed);

// The fold, from 0, of each example: by row number modulo `folds`...
std::vector<std::uint32_t> folds_by_row(std::size_t examples, std::uint32_t folds);

// ...or at random, sizes and the numbers of each class as equal as can be.
std::vector<std::uint32_t> stratified_folds(const Corpus& corpus, std::uint32_t folds,
                                            std::uint64_t seed);

// Fold `fold` for validation, the others for training.
Split split_of_fold(const std::vector<std::uint32_t>& fold_of, std::uint32_t fold);

}  // namespace weft
