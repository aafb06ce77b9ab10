// Split a text into words, then look every word up.
#include "runtime/text/word_lookup.h"

#include <algorithm>
#include <array>

#include "ir/diagnostic.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/vocabulary.h"
#include "runtime/text/windows.h"
#include "runtime/text/word_splitter.h"

namespace weft {
namespace {

class WordLookup final : public Encoder {
 public:
  WordLookup(const TextSettings& text, const VocabularyView& words)
      : Encoder(static_cast<std::int64_t>(words.ends.size()), weft::max_ids(text), kUnknownWord),
        splitter_(text),
        windows_(text),
        offsets_(word_offsets(words.ends)),
        vocabulary_(words.words, offsets_) {
    if (text.word_ngrams > 1 && text.max_windows > 1) {
      throw Error("n-grams of words and windows of a text cannot be combined",
                  "leave out word_ngrams=, or long=windows");
    }
  }

  std::size_t encode(const TextInput& input, TokenBuffer& buffer,
                     const EncodedText& out) const override {
    const std::size_t before = out.ids.size();
    auto& words = buffer.memory<WordBuffer>();
    std::size_t count = encode_one(input.text, 0, 0, words, out);
    if (input.pair) count += encode_one(*input.pair, 1, count, words, out);
    return windows_.count(count) == 1 ? out.ids.size() - before : cut(count, out);
  }

 private:
  // Makes windows of the last `count` ids; returns how many ids there are then.
  std::size_t cut(std::size_t count, const EncodedText& out) const {
    const std::size_t before = out.ids.size() - count;
    windows_.spread(out, before, count);
    return out.ids.size() - before;
  }

  // The words of one text, behind `before` of the same input, and their n-grams; returns how many
  // words there are.
  std::size_t encode_one(std::string_view text, std::int32_t type, std::size_t before,
                         WordBuffer& buffer, const EncodedText& out) const {
    splitter_.split(text, buffer, windows_.max_tokens() - before);
    const std::size_t begin = out.ids.size();
    look_up(buffer, out);
    if (out.types != nullptr) out.types->insert(out.types->end(), out.ids.size() - begin, type);
    return buffer.words();
  }

  // A vocabulary is larger than the nearest caches: some words' places in it are asked for at once.
  void look_up(const WordBuffer& buffer, const EncodedText& out) const {
    const std::span<const TextToken> tokens = buffer.tokens();
    std::array<std::uint64_t, 32> hashes;
    for (std::size_t first = 0; first < tokens.size(); first += hashes.size()) {
      const auto some = tokens.subspan(first, std::min(hashes.size(), tokens.size() - first));
      for (std::size_t i = 0; i < some.size(); ++i) {
        hashes[i] = hash_word(buffer.text(some[i]));
        vocabulary_.prefetch(hashes[i]);
      }
      for (std::size_t i = 0; i < some.size(); ++i) {
        const std::int32_t id = vocabulary_.find(buffer.text(some[i]), hashes[i]);
        if (id == kUnknownWord && first + i >= buffer.words()) continue;  // an n-gram
        out.ids.push_back(id);
        if (out.spans != nullptr) out.spans->push_back({some[i].begin, some[i].end});
      }
    }
  }

  WordSplitter splitter_;
  Windows windows_;
  std::vector<std::uint32_t> offsets_;
  Vocabulary vocabulary_;  // over offsets_
};

}  // namespace

std::unique_ptr<Encoder> make_word_lookup(const TextSettings& text, const VocabularyView& words) {
  return std::make_unique<WordLookup>(text, words);
}

}  // namespace weft
