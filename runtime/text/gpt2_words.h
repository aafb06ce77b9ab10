// Where GPT-2 cuts a text into words, which together are all of it: English contractions, runs of
// letters, of numbers, of anything else but white space, each with the one space before it; of a
// run of white space, the last character stands alone where a word follows.
//
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
#pragma once

#include <cstddef>
#include <string_view>

namespace weft {

// The end of the word that begins at `begin`, which is before the end of `text`.
std::size_t gpt2_word_end(std::string_view text, std::size_t begin);

}  // namespace weft
