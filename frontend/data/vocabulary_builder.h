// Builds a vocabulary from texts: the most frequent words first, equals in order of appearance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ir/plan/plan.h"
#include "runtime/text/vocabulary.h"
#include "runtime/text/word_splitter.h"

namespace weft {

struct VocabularyOptions {
  std::size_t max_size = 0;     // words kept, `<unk>` included; 0: all
  std::uint64_t min_count = 1;  // words seen less often are left out
};

class VocabularyBuilder {
 public:
  explicit VocabularyBuilder(const TextSettings& text) : splitter_(text) {}

  // Counts the words of one text; of its first `max_tokens` tokens where not 0. Appends their
  // numbers, in order of appearance, to `numbers`, if given; n-grams of words follow the words, as
  // ~number each.
  void add(std::string_view text, std::size_t max_tokens = 0,
           std::vector<std::int32_t>* numbers = nullptr);

  std::uint64_t tokens() const { return tokens_; }         // seen so far
  std::size_t distinct() const { return counts_.size(); }  // words seen so far

  // Words in id order, from `<unk>` on. The same texts in the same order give the same bytes.
  // Where `counts` is given it receives how often each was seen; `<unk>` counts the words left out.
  WordList build(const VocabularyOptions& options,
                 std::vector<std::uint64_t>* counts = nullptr) const;

  // The ids of all words seen, by number: so that texts need not be read again.
  std::vector<std::int32_t> ids(const Vocabulary&) const;

 private:
  WordSplitter splitter_;
  WordBuffer buffer_;
  WordList words_;                     // in order of appearance
  std::vector<std::uint64_t> counts_;  // of words_
  WordIndex index_;                    // of words_
  std::uint64_t tokens_ = 0;
};

}  // namespace weft
