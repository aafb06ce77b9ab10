// The vectors that the words of a vocabulary get from a file: which are wanted, which were found.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/plan/plan.h"
#include "runtime/text/vocabulary.h"
#include "runtime/text/word_splitter.h"

namespace weft {

// How well a word of the file suits a word of the vocabulary; the smaller, the better.
enum class WordMatch : std::uint8_t {
  exact,
  lower_case,  // the file has it in lower case
  other_case,  // it differs in upper and lower case only; the first of these counts
  composed,    // of the vectors of its letter groups (fastText)
  none,
};

struct VectorCoverage {
  std::size_t words = 0;                                // of the data, without the unknown word
  std::size_t exact = 0, other_case = 0, composed = 0;  // of these; the rest begin at random
  std::size_t added = 0;                                // that the data does not have
  std::size_t broken = 0;                               // of the file, left out: not UTF-8
  double occurrences = 0;  // share of the data's tokens whose word has a vector
};

// A file is read word by word: where it `wants` one, its vector is copied to the rows of the ids
// that `take` returns. Of several words that suit an id the best counts, of equals the first.
class WordVectors {
 public:
  // `counts`: how often the first of the words occur in the data. To the words at most `max_added`
  // are added that the file has and the data has not, in the file's order, if the tokenizer that
  // the settings name can produce them.
  WordVectors(WordList words, std::vector<std::uint64_t> counts, const TextSettings&,
              std::size_t max_added, std::size_t width);

  bool wants(std::string_view word);
  std::span<const std::uint32_t> take();  // of the word last asked for
  void compose(std::uint32_t id) { found(id, WordMatch::composed); }
  // Instead of reading the file again: it was read into `more`, whose words include these, and
  // which had room for as many added words. The same words are added.
  void take_from(const WordVectors& more);

  const WordList& words() const { return words_; }  // with those added
  std::size_t size() const { return words_.size(); }
  std::size_t width() const { return width_; }
  WordMatch match(std::uint32_t id) const { return match_[id]; }
  std::uint32_t find(std::string_view spelling) const;  // or WordIndex::kAbsent
  // Until the next word is taken; empty where none was found.
  std::span<float> row(std::uint32_t id);
  std::span<const float> row(std::uint32_t id) const;

  VectorCoverage coverage() const;

  // The table [words, width]; words added since by another file included. What was not found is
  // drawn with each column's mean and variance; the unknown word, where it was not, is the mean.
  void fill(std::uint64_t seed, std::string_view name, std::span<float> table) const;

 private:
  void append_folded(std::string_view word, std::string& out) const;
  void index(std::uint32_t id);
  std::uint32_t find_folded(std::string_view folded) const;
  void consider_adding(std::string_view word);
  void add(std::string_view word);
  void found(std::uint32_t id, WordMatch degree);

  WordList words_;
  std::vector<std::uint64_t> counts_;
  std::size_t given_words_, max_words_;
  std::size_t width_;
  WordSplitter splitter_;
  WordBuffer buffer_;
  std::vector<WordMatch> match_;
  // Rows of found words only: a whole corpus may have many words.
  static constexpr std::size_t kNoSlot = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> slot_;  // by id
  std::size_t slots_ = 0;
  std::size_t broken_ = 0;                    // words that are not UTF-8
  std::vector<float> rows_;                   // by slot
  std::vector<std::uint32_t> in_file_order_;  // those that might be added, were they not there

  // Words that differ in case only are a chain: first_[g] is the first of those spelled folds_[g]
  // in lower case, next_[id] the one after id.
  WordIndex fold_index_;
  WordList folds_;
  std::vector<std::uint32_t> first_, next_;

  // About the word last asked for.
  std::string folded_, added_;
  std::vector<std::uint32_t> ids_;
  std::vector<WordMatch> degrees_;
};

}  // namespace weft
