// Counts words and labels of the examples, before there is a plan.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/description/settings.h"
#include "frontend/vectors/initial_vectors.h"
#include "ir/plan/plan.h"
#include "runtime/text/vocabulary.h"

namespace weft {

// The vocabulary of the training texts, and the texts themselves where its words are all they
// become.
struct CountedTexts {
  std::shared_ptr<const WordList> words;
  std::vector<std::int32_t> ids = {};
  std::vector<std::int64_t> offsets{0};
};

// True if the numbers of a text's words, as they are counted, are all that it becomes.
bool keeps_ids(const TextSettings&);

// The words of the data and, where they fit in, more of the initial vectors.
CountedTexts count_words(const DescriptionSettings&, const CorpusView& examples,
                         InitialVectors& initial_vectors);

// The labels that the examples have, in the order of a corpus of them alone: a part of a corpus
// makes the plan that a file of this part would make.
std::vector<std::string> labels_of(const CorpusView& examples);

// How often the examples have each of these labels.
std::vector<std::int64_t> counts_of(const CorpusView& examples,
                                    const std::vector<std::string>& labels);

}  // namespace weft
