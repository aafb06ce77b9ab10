// The tokenizer `ngrams`: the words of `words`, and the hashed character n-grams within each, as
// fastText's subwords (Bojanowski et al. 2017): what a bag of words needs to read misspellings and
// inflected languages.
//
// A word becomes its id, if the vocabulary has it, then the ids of its n-grams of min_letters to
// max_letters (3 to 6, unless they are given) Unicode scalars, boundary marks included: `<at`
// `<at>` `at>`. An n-gram's id is a bucket behind the words, chosen by fastText's own hash, so that
// the vectors of its models' buckets would fit; buckets may have been left out. No id stands for
// what is unknown: words have n-grams. max_tokens counts words; a text has at most 20 times as many
// ids, so that words without end have an end.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/diagnostic.h"
#include "runtime/text/bucket_rows.h"
#include "runtime/text/many_ids.h"
#include "runtime/text/spelling_alignment.h"
#include "runtime/text/subwords.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/utf8.h"
#include "runtime/text/vocabulary.h"
#include "runtime/text/words.h"

namespace weft {
namespace {

constexpr std::int64_t kShortestGroup = 3;  // where the settings do not say
constexpr std::int64_t kLongestGroup = 6;

struct LetterGroups {
  std::int32_t shortest, longest;
};

LetterGroups checked_letters(const TextSettings& text) {
  const bool given = text.max_letters != 0;
  if (given) check_letters(text);
  return {static_cast<std::int32_t>(given ? text.min_letters : kShortestGroup),
          static_cast<std::int32_t>(given ? text.max_letters : kLongestGroup)};
}

struct Memory {
  WordBuffer words;
  std::string marked;  // the word at hand
};

class NGrams final : public ManyIdsEncoder {
 public:
  NGrams(const TextSettings& text, const VocabularyView& words)
      : ManyIdsEncoder(text, std::ssize(words.ends) + checked_bucket_rows(text, words)),
        offsets_(word_offsets(words.ends)),
        vocabulary_(words.words, offsets_),
        rows_(text.buckets, words.kept_buckets),
        letters_(checked_letters(text)) {}

 private:
  std::size_t add_text(std::string_view text, std::size_t max_words, std::size_t max_size,
                       TokenBuffer& buffer, const EncodedText& out) const override {
    Memory& memory = buffer.memory<Memory>();
    splitter().split(text, memory.words, max_words);
    const std::span<const TextToken> tokens = memory.words.tokens();
    const std::size_t count = memory.words.words();
    for (std::size_t i = 0; i < tokens.size() && out.ids.size() < max_size; ++i) {
      if (i < count) {
        add_word(text, tokens[i], max_size, memory, out);
      } else {
        add_known(memory.words.text(tokens[i]), tokens[i], out);
      }
    }
    return count;
  }

  void add_known(std::string_view spelling, const TextToken& token, const EncodedText& out) const {
    const std::int32_t id = vocabulary_.find(spelling);
    if (id == kUnknownWord) return;
    out.ids.push_back(id);
    if (out.spans != nullptr) out.spans->push_back({token.begin, token.end});
  }

  void add_word(std::string_view text, const TextToken& word, std::size_t max_size, Memory& memory,
                const EncodedText& out) const {
    const std::string_view spelling = memory.words.text(word);
    add_known(spelling, word, out);
    memory.marked.assign(1, '<').append(spelling).append(1, '>');
    std::optional<SpellingAlignment> alignment;
    if (out.spans != nullptr) alignment.emplace(text, word, splitter().normalization());
    each_subword(memory.marked, letters_.shortest, letters_.longest, [&](const Subword& ngram) {
      if (out.ids.size() >= max_size) return false;
      const auto [row, kept] = rows_.find(rows_.bucket(ngram.hash));
      if (!kept) return true;
      out.ids.push_back(static_cast<std::int32_t>(vocabulary_.size() + row));
      if (alignment) out.spans->push_back(alignment->covered(ngram, spelling.size()));
      return true;
    });
  }

  std::vector<std::uint32_t> offsets_;
  Vocabulary vocabulary_;  // over offsets_
  BucketRows rows_;
  LetterGroups letters_;
};

}  // namespace

namespace tokenizers {
extern const TokenizerDef ngrams{
    .name = "ngrams",
    .doc = "words, and the groups of letters in each: reads misspellings and inflections",
    .make = encoder_of<NGrams>,
    .split = split_words,
    .alternative = "words",
    .needs_icu = [](const TextSettings&) { return true; },
    .ids_per_word = [](const TextSettings&) { return std::int64_t{20}; },
    .more_ids = [](const TextSettings& text) { return text.buckets; },
};
}  // namespace tokenizers

}  // namespace weft
