// Warnings about labelled data: only one label, a label that nearly all texts have, labels that a
// part of the data lacks, texts that are in two parts. Each is a sentence that also names the
// consequence.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/description/settings.h"
#include "frontend/train/dataset.h"

namespace weft {

using Warnings = std::vector<std::string>;

// The first few names, and how many more there are.
std::string listed(std::span<const std::string> names);

// About the labels of training data.
Warnings label_warnings(const CorpusView& train, const DescriptionSettings& settings);

// About texts that the tokenizer cannot cut into words.
Warnings text_warnings(const CorpusView& train, const DescriptionSettings& settings);

// About training texts that are read by several windows.
Warnings window_warnings(const Dataset&, const TextSettings&);

// About validation data: labels that one part lacks; texts that are in both parts, compared in the
// spelling that `text` makes of them, ignoring white space; too few texts.
Warnings split_warnings(const CorpusView& train, const CorpusView& valid,
                        const TextSettings& text = {});

// About the folds of a cross-validation: labels in one fold only, texts in several folds.
Warnings fold_warnings(const Corpus& corpus, std::span<const std::uint32_t> fold_of,
                       const TextSettings& text = {});

// About labels of the data that the plan does not know.
Warnings unknown_label_warnings(std::span<const std::string> names);

}  // namespace weft
