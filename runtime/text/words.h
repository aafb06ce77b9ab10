// Unicode words: what the tokenizer `words` is made of, for those that begin with words too.
#pragma once

#include <cstddef>
#include <string_view>

#include "runtime/text/word_splitter.h"

namespace weft {

// A SplitWords.
void split_words(std::string_view text, Normalization, std::size_t limit, WordBuffer&);

}  // namespace weft
