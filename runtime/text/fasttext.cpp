// The tokenizer `fasttext`: texts as fastText 0.9 reads them, so that its models answer alike
// (Joulin et al. 2016; Bojanowski et al. 2017).
//
// Words stand between ASCII white space or zero bytes, and a text ends with the word `</s>`, where
// it holds one already at that. A word becomes its id, if the vocabulary has it, and the ids of its
// hashed groups of min_letters to max_letters Unicode scalars; then come hashed n-grams of up to
// word_ngrams words. The id of a hash is that of its bucket, behind the words. A word of the form
// `__label__…` that the vocabulary lacks is no word. No id stands for what is unknown.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "ir/diagnostic.h"
#include "runtime/text/bucket_rows.h"
#include "runtime/text/many_ids.h"
#include "runtime/text/spelling_alignment.h"
#include "runtime/text/splitting-inl.h"
#include "runtime/text/subwords.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/vocabulary.h"
#include "runtime/text/word_cache.h"

namespace weft {
namespace {

// Most bytes fail the first comparison.
constexpr bool separates(char c) {
  return static_cast<unsigned char>(c) <= ' ' && (c == '\0' || utf8::is_ascii_space(c));
}

// A SplitWords. The last of its words is `</s>`.
void split_at_spaces(std::string_view text, Normalization normalization, std::size_t limit,
                     WordBuffer& buffer) {
  if (limit == 0) return;
  Splitting splitting(text, normalization, limit - 1, buffer);
  const bool as_given = normalization == Normalization{false, false, false};
  if (as_given) splitting.spell_as_given();
  for (std::size_t begin = 0; begin < text.size() && !splitting.full();) {
    if (separates(text[begin])) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < text.size() && !separates(text[end])) ++end;
    if (text.substr(begin, end - begin) == kEndOfText) break;
    if (as_given) {
      splitting.push_as_given(begin, end);
    } else {
      splitting.push(begin, end);
    }
    begin = end;
  }
  splitting.push_mark(kEndOfText);
}

bool has_hashes(const TextSettings& text) { return text.word_ngrams > 1 || text.max_letters > 0; }

// How many ids hashes have behind the words. Error if the settings or the buckets make no sense.
std::int64_t checked_rows(const TextSettings& text, const VocabularyView& words) {
  if (text.word_ngrams < 1 || text.word_ngrams > kMaxWordNGrams) {
    throw Error(fmt::format("there are no n-grams of {} words", text.word_ngrams),
                fmt::format("word_ngrams= is from 1 to {}", kMaxWordNGrams));
  }
  if (text.max_letters != 0) check_letters(text);
  if (!has_hashes(text)) return 0;
  return checked_bucket_rows(text, words);
}

template <std::size_t kUsualIds>
struct MemoryOf {
  WordCacheOf<kUsualIds> cache;
  WordBuffer words;
  std::string marked;                 // the word at hand: `<word>`
  std::vector<std::int32_t> hashes;   // of the words that n-grams are made of
  std::vector<TextSpan> spans;        // theirs
  std::vector<std::uint32_t> groups;  // room for the ids of the groups of letters of a word
};

// `kUsualIds`: most words have at most so many.
template <std::size_t kUsualIds>
class FastText final : public ManyIdsEncoder {
 public:
  FastText(const TextSettings& text, const VocabularyView& words)
      : ManyIdsEncoder(text, std::ssize(words.ends) + checked_rows(text, words)),
        offsets_(word_offsets(words.ends)),
        words_(words.words, offsets_),
        word_count_(static_cast<std::int32_t>(words.ends.size())),
        rows_(has_hashes(text) ? text.buckets : 1, words.kept_buckets),
        longest_ngram_(static_cast<std::size_t>(text.word_ngrams)),
        min_letters_(static_cast<std::int32_t>(text.min_letters)),
        max_letters_(static_cast<std::int32_t>(text.max_letters)) {}

 private:
  using Memory = MemoryOf<kUsualIds>;

  std::size_t add_text(std::string_view text, std::size_t max_words, std::size_t max_size,
                       TokenBuffer& buffer, const EncodedText& out) const override {
    Memory& memory = buffer.memory<Memory>();
    memory.cache.own(owner_);
    memory.hashes.clear();
    memory.spans.clear();
    splitter().split(text, memory.words, max_words);
    add_words(text, max_size, memory, out);
    if (longest_ngram_ > 1) add_ngrams(max_size, memory, out);
    return memory.words.words();
  }

  static void add_id(std::int32_t id, TextSpan span, std::size_t max_size, const EncodedText& out) {
    if (out.ids.size() >= max_size) return;
    out.ids.push_back(id);
    if (out.spans != nullptr) out.spans->push_back(span);
  }

  // Words that were taken apart lately lie beyond the nearest cache: the places of some are asked
  // for at once.
  void add_words(std::string_view text, std::size_t max_size, Memory& memory,
                 const EncodedText& out) const {
    const std::span<const TextToken> words = memory.words.tokens();
    std::array<std::uint64_t, 32> hashes;
    for (std::size_t first = 0; first < words.size(); first += hashes.size()) {
      const auto some = words.subspan(first, std::min(hashes.size(), words.size() - first));
      for (std::size_t i = 0; i < some.size(); ++i) {
        hashes[i] = hash_word(memory.words.text(some[i]));
        memory.cache.prefetch(hashes[i]);
      }
      for (std::size_t i = 0; i < some.size(); ++i) {
        add_word(text, some[i], hashes[i], max_size, memory, out);
      }
    }
  }

  // `place`: the word's hash_word().
  void add_word(std::string_view text, const TextToken& word, std::uint64_t place,
                std::size_t max_size, Memory& memory, const EncodedText& out) const {
    const std::string_view spelling = memory.words.text(word);
    const bool like_label = spelling.starts_with(kLabelPrefix);
    if (like_label && words_.find(spelling) == WordIndex::kAbsent) return;
    if (longest_ngram_ > 1) {
      memory.hashes.push_back(static_cast<std::int32_t>(fasttext_hash(spelling)));
      if (out.spans != nullptr) memory.spans.push_back({word.begin, word.end});
    }
    if (out.ids.size() >= max_size) return;
    if (out.spans != nullptr) return add_ids_and_spans(text, word, max_size, memory, out);
    memory.cache.append(spelling, place, out.ids,
                        [&] { add_ids(spelling, place, memory, out.ids); });
    if (out.ids.size() > max_size) out.ids.resize(max_size);
  }

  // The ids of a word and its groups of letters.
  void add_ids(std::string_view spelling, std::uint64_t place, Memory& memory,
               std::vector<std::int32_t>& ids) const {
    words_.prefetch(place);
    const std::span<std::uint32_t> groups = group_buckets(spelling, memory);
    const std::uint32_t id = words_.find(spelling, place);
    if (id != WordIndex::kAbsent) ids.push_back(static_cast<std::int32_t>(id));
    const auto first = static_cast<std::uint32_t>(word_count_);
    const std::size_t found = rows_.find_all(groups, first);
    ids.insert(ids.end(), groups.data(), groups.data() + found);
  }

  // The buckets of a word's groups of letters; their memory is asked for.
  std::span<std::uint32_t> group_buckets(std::string_view spelling, Memory& memory) const {
    if (max_letters_ == 0 || spelling == kEndOfText) return {};
    memory.marked.assign(1, '<').append(spelling).append(1, '>');
    const auto sizes = static_cast<std::size_t>(max_letters_ - min_letters_ + 1);
    memory.groups.resize(std::max(memory.groups.size(), sizes * memory.marked.size()));
    std::uint32_t* end = memory.groups.data();
    each_subword(memory.marked, min_letters_, max_letters_, [&](const Subword& group) {
      *end = rows_.bucket(group.hash);
      rows_.prefetch(*end++);
      return true;
    });
    return {memory.groups.data(), end};
  }

  void add_ids_and_spans(std::string_view text, const TextToken& word, std::size_t max_size,
                         Memory& memory, const EncodedText& out) const {
    const std::string_view spelling = memory.words.text(word);
    const std::uint32_t id = words_.find(spelling);
    if (id != WordIndex::kAbsent) {
      add_id(static_cast<std::int32_t>(id), {word.begin, word.end}, max_size, out);
    }
    if (max_letters_ == 0 || spelling == kEndOfText) return;
    memory.marked.assign(1, '<').append(spelling).append(1, '>');
    SpellingAlignment alignment(text, word, splitter().normalization());
    each_subword(memory.marked, min_letters_, max_letters_, [&](const Subword& group) {
      const auto [row, kept] = rows_.find(rows_.bucket(group.hash));
      if (kept) add_id(id_of(row), alignment.covered(group, spelling.size()), max_size, out);
      return out.ids.size() < max_size;
    });
  }

  std::int32_t id_of(std::uint32_t row) const {
    return word_count_ + static_cast<std::int32_t>(row);
  }

  // fastText keeps hashes of words with a sign, and extends it.
  void add_ngrams(std::size_t max_size, const Memory& memory, const EncodedText& out) const {
    constexpr std::uint64_t kFactor = 116049371;
    const auto& hashes = memory.hashes;
    const auto wide = [&](std::size_t i) { return static_cast<std::uint64_t>(hashes[i]); };
    for (std::size_t first = 0; first < hashes.size() && out.ids.size() < max_size; ++first) {
      std::uint64_t hash = wide(first);
      const std::size_t end = std::min(first + longest_ngram_, hashes.size());
      for (std::size_t last = first + 1; last < end; ++last) {
        hash = hash * kFactor + wide(last);
        const auto [row, kept] = rows_.find(rows_.bucket(hash));
        if (kept) add_id(id_of(row), span_of(memory, first, last, out), max_size, out);
      }
    }
  }

  // From the first word to the last; `</s>` stands for no bytes.
  static TextSpan span_of(const Memory& memory, std::size_t first, std::size_t last,
                          const EncodedText& out) {
    if (out.spans == nullptr) return {};
    const TextSpan& end = memory.spans[last];
    return {memory.spans[first].begin, end.end == 0 ? memory.spans[last - 1].end : end.end};
  }

  std::vector<std::uint32_t> offsets_;
  // Over offsets_. Not by fastText's hash, of which many words may have one.
  WordTable words_;
  std::int32_t word_count_;
  BucketRows rows_;
  std::size_t longest_ngram_;
  std::int32_t min_letters_, max_letters_;
  std::uint64_t owner_ = WordCacheOf<kUsualIds>::new_owner();
};

}  // namespace

namespace tokenizers {
extern const TokenizerDef fasttext{
    .name = "fasttext",
    .doc = "fastText's: what stands between spaces, hashed n-grams of words and groups of letters",
    .make = [](const TextSettings& text, const VocabularyView& words) -> std::unique_ptr<Encoder> {
      if (words.kept_buckets.empty()) return std::make_unique<FastText<26>>(text, words);
      return std::make_unique<FastText<10>>(text, words);  // most hashes have no row
    },
    .split = split_at_spaces,
    .hashes_ngrams = true,
    .keeps_bytes = true,
    .needs_spaces = true,
    .alternative = "words",
    .ids_per_word =
        [](const TextSettings& text) {
          constexpr std::int64_t kUsualWord = 8;  // letters, marks included
          const bool groups = text.max_letters > 0 && text.max_letters <= kMostLetters;
          const std::int64_t sizes = groups ? text.max_letters - text.min_letters + 1 : 0;
          return std::clamp<std::int64_t>(text.word_ngrams, 1, kMaxWordNGrams) +
                 std::clamp<std::int64_t>(sizes, 0, kMostLetters) * kUsualWord;
        },
    .more_ids = [](const TextSettings& text) { return has_hashes(text) ? text.buckets : 0; },
};
}  // namespace tokenizers

}  // namespace weft
