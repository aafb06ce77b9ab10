// Words to ids by a vocabulary: the encoder of tokenizers that cut a text and look each word up.
#pragma once

#include <memory>

#include "ir/plan/plan.h"
#include "runtime/text/encoder.h"

namespace weft {

// Id 0 is the unknown word; max_tokens limits the words of an input, or of each of its
// windows. Error if the vocabulary breaks
// a rule of Vocabulary.
std::unique_ptr<Encoder> make_word_lookup(const TextSettings&, const VocabularyView&);

}  // namespace weft
