// The list of tokenizers (tokenizers.def), and what follows from an entry of it.
#include "runtime/text/tokenizers.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "ir/diagnostic.h"
#include "runtime/text/unicode.h"

namespace weft {

namespace tokenizers {
#define WEFT_TOKENIZER(name) extern const TokenizerDef name;
#include "runtime/text/tokenizers.def"
#undef WEFT_TOKENIZER
}  // namespace tokenizers

std::span<const TokenizerDef* const> all_tokenizers() {
  static constexpr const TokenizerDef* kAll[] = {
#define WEFT_TOKENIZER(name) &tokenizers::name,
#include "runtime/text/tokenizers.def"
#undef WEFT_TOKENIZER
  };
  return kAll;
}

const TokenizerDef* find_tokenizer(std::string_view name) {
  const auto all = all_tokenizers();
  const auto at = std::ranges::find(all, name, &TokenizerDef::name);
  return at == all.end() ? nullptr : *at;
}

const TokenizerDef& tokenizer_of(const TextSettings& text) {
  const TokenizerDef* const found = find_tokenizer(text.tokenizer);
  if (found != nullptr) return *found;
  throw Error(fmt::format("the plan's tokenizer `{}` is not known", text.tokenizer),
              "the plan was made by a newer weft");
}

std::unique_ptr<Encoder> make_encoder(const TextSettings& text, const VocabularyView& vocabulary) {
  const TokenizerDef& tokenizer = tokenizer_of(text);
  const bool normalizes = text.lowercase || text.nfkc;
  if (tokenizer.needs_icu == nullptr ? normalizes : tokenizer.needs_icu(text)) {
    require_icu(fmt::format("the plan's tokenizer {}{}", tokenizer.name,
                            normalizes ? ", which normalises words," : ""));
  }
  std::unique_ptr<Encoder> encoder = tokenizer.make(text, vocabulary);
  encoder->reads_pairs_ = text.pair;
  return encoder;
}

bool needs_utf8(const TextSettings& text) {
  const bool as_given = !text.lowercase && !text.nfkc && !text.unify_marks;
  return !(as_given && tokenizer_of(text).keeps_bytes);
}

TextInput split_pair(std::string_view line) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) return {line};
  return {line.substr(0, tab), line.substr(tab + 1), static_cast<std::uint32_t>(tab + 1)};
}

std::int64_t id_count(const TextSettings& text, std::int64_t words) {
  const TokenizerDef& tokenizer = tokenizer_of(text);
  std::int64_t ids = 0;  // buckets of a plan may be any number
  const std::int64_t more = tokenizer.more_ids == nullptr ? 0 : tokenizer.more_ids(text);
  const bool overflow = __builtin_add_overflow(words, more, &ids);
  return overflow ? std::numeric_limits<std::int64_t>::max() : ids;
}

std::int64_t id_count(const TextSettings& text, const VocabularyView& vocabulary) {
  const std::int64_t words = std::ssize(vocabulary.ends);
  const std::int64_t kept = std::ssize(vocabulary.kept_buckets);
  return kept > 0 ? words + kept : id_count(text, words);
}

std::int64_t max_ids(const TextSettings& text) {
  std::int64_t ids = 0;  // max_tokens of a plan may be any number
  const TokenizerDef& tokenizer = tokenizer_of(text);
  const std::int64_t per_word = tokenizer.ids_per_word == nullptr
                                    ? std::max<std::int64_t>(text.word_ngrams, 1)
                                    : tokenizer.ids_per_word(text);
  const bool overflow = __builtin_mul_overflow(text.max_tokens, per_word, &ids) ||
                        __builtin_mul_overflow(ids, text.max_windows, &ids);
  return overflow ? std::numeric_limits<std::int64_t>::max() : ids;
}

}  // namespace weft
