// Pairs, types and limits around the words of a text.
#include "runtime/text/many_ids.h"

#include <fmt/format.h>

#include <limits>

#include "ir/diagnostic.h"
#include "runtime/text/subwords.h"
#include "runtime/text/tokenizers.h"

namespace weft {

void check_letters(const TextSettings& text) {
  if (text.min_letters >= 1 && text.max_letters >= text.min_letters &&
      text.max_letters <= kMostLetters) {
    return;
  }
  throw Error(
      fmt::format("there are no groups of {} to {} letters", text.min_letters, text.max_letters),
      fmt::format("min_letters= is at least 1, max_letters= at least that and at most {}",
                  kMostLetters));
}

std::int64_t checked_bucket_rows(const TextSettings& text, const VocabularyView& words) {
  const auto room = std::numeric_limits<std::int32_t>::max() - std::ssize(words.ends);
  if (text.buckets < 1 || text.buckets > room) {
    throw Error(fmt::format("tokenizer={} cannot have {} buckets behind {} words", text.tokenizer,
                            text.buckets, words.ends.size()),
                fmt::format("buckets= is from 1 to {}", room));
  }
  return words.kept_buckets.empty() ? text.buckets : std::ssize(words.kept_buckets);
}

ManyIdsEncoder::ManyIdsEncoder(const TextSettings& text, std::int64_t id_count)
    : Encoder(id_count, weft::max_ids(text), std::nullopt),
      splitter_(text),
      max_words_(static_cast<std::size_t>(text.max_tokens)) {
  if (text.max_windows <= 1) return;
  throw Error(
      fmt::format("tokenizer={} has no windows: its words are of several ids", text.tokenizer),
      "use tokenizer=words for long=windows");
}

std::size_t ManyIdsEncoder::encode(const TextInput& input, TokenBuffer& buffer,
                                   const EncodedText& out) const {
  const std::size_t before = out.ids.size();
  const std::size_t max_size = before + static_cast<std::size_t>(max_ids());
  const auto add = [&](std::string_view text, std::int32_t type, std::size_t max_words) {
    const std::size_t begin = out.ids.size();
    const std::size_t words = add_text(text, max_words, max_size, buffer, out);
    if (out.types != nullptr) out.types->insert(out.types->end(), out.ids.size() - begin, type);
    return words;
  };
  const std::size_t words = add(input.text, 0, max_words_);
  if (input.pair) add(*input.pair, 1, max_words_ - words);
  return out.ids.size() - before;
}

}  // namespace weft
