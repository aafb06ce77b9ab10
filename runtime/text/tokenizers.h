// The table of tokenizers. One more is a file that defines its TokenizerDef, a line of
// tokenizers.def, and a test.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "ir/plan/plan.h"
#include "runtime/text/encoder.h"
#include "runtime/text/word_splitter.h"

namespace weft {

struct TokenizerDef {
  std::string_view name;
  std::string_view doc;  // one line

  // The encoder of a plan with these settings and this vocabulary, which must outlive it. Error if
  // they do not fit.
  std::unique_ptr<Encoder> (*make)(const TextSettings&, const VocabularyView&);

  // Cuts a text into the words of which a vocabulary is counted; null: the vocabulary comes from
  // elsewhere, and no data can make one.
  SplitWords split = nullptr;
  bool looks_up_words = false;  // each word that `split` gives becomes one id, by the vocabulary

  bool hashes_ngrams = false;  // of words: the vocabulary has none of them

  bool keeps_bytes = false;      // of words that are not normalised, UTF-8 or not
  bool needs_spaces = false;     // it cuts at white space only
  bool reads_case = true;        // made for letters that have case: `weft tune` ignores it too
  std::string_view alternative;  // what `weft tune` tries in its place
  // What only ICU can tell; null: where words are normalised.
  bool (*needs_icu)(const TextSettings&) = nullptr;
  // A text has at most so many times max_tokens ids; null: one for each word and n-gram of words.
  std::int64_t (*ids_per_word)(const TextSettings&) = nullptr;
  std::int64_t (*more_ids)(const TextSettings&) = nullptr;  // beside an id for each word; null: 0
};

// `make` of an encoder that is constructed from the same two.
template <class T>
std::unique_ptr<Encoder> encoder_of(const TextSettings& text, const VocabularyView& words) {
  return std::make_unique<T>(text, words);
}

std::span<const TokenizerDef* const> all_tokenizers();  // the default first
const TokenizerDef* find_tokenizer(std::string_view name);

// Error if a plan names a tokenizer that this weft does not have.
const TokenizerDef& tokenizer_of(const TextSettings&);

// Error also if it needs ICU in a build without.
std::unique_ptr<Encoder> make_encoder(const TextSettings&, const VocabularyView&);

// Whether bytes that are not UTF-8 are read as unknown characters, not as they are.
bool needs_utf8(const TextSettings&);

// The same numbers as its encoder has, before there is a vocabulary: how many ids there are with so
// many words, and how many a text has at most.
std::int64_t id_count(const TextSettings&, std::int64_t words);
std::int64_t id_count(const TextSettings&, const VocabularyView&);
std::int64_t max_ids(const TextSettings&);

}  // namespace weft
