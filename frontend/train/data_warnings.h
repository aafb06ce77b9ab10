// What about labelled data may surprise: one label only, a label that nearly all texts have, labels
// that a part lacks, texts that are in two parts. Each remark is a sentence that says what comes of
// it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/description/settings.h"

namespace weft {

using Warnings = std::vector<std::string>;

// Examples of a corpus.
struct Part {
  const Corpus& corpus;
  std::span<const std::uint32_t> rows;
};

// The first few names, and how many more there are.
std::string listed(std::span<const std::string> names);

// Of the labels of training data.
Warnings label_warnings(const Part& train, const DescriptionSettings& settings);

// Of texts that the tokenizer cannot cut.
Warnings text_warnings(const Part& train, const DescriptionSettings& settings);

// Of data held out to validate what the rest has taught: its labels, and duplicates: texts that are
// the same in the spelling that `text` makes of them, but for white space.
Warnings split_warnings(const Part& train, const Part& valid, const TextSettings& text = {});

// Of the folds of a cross-validation, each of which is tested by a model that the others taught.
Warnings fold_warnings(const Corpus& corpus, std::span<const std::uint32_t> fold_of,
                       const TextSettings& text = {});

// Of labels of data to measure on that the plan does not know.
Warnings unknown_label_warnings(std::span<const std::string> names);

}  // namespace weft
