// The tokenizer `byte_bpe`, of GPT-2 and RoBERTa (Radford et al. 2019): byte-pair encoding of the
// bytes of each word, where a space belongs to the word behind it. No text is unknown.
//
// max_tokens counts all ids of a window, special tokens too. A token's span is the characters of
// which it has a part. Of ill-formed UTF-8, the bytes are encoded as they are.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "ir/diagnostic.h"
#include "runtime/text/byte_pairs.h"
#include "runtime/text/gpt2_words.h"
#include "runtime/text/special_tokens.h"
#include "runtime/text/token_template.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/unicode_classes.h"
#include "runtime/text/utf8.h"
#include "runtime/text/vocabulary.h"
#include "runtime/text/word_cache.h"

namespace weft {
namespace {

struct Memory {
  WordCache cache;
  BytePairs::Memory pairs;
  std::string spaced;  // the text with a space before it
};

class ByteBpe final : public Encoder {
 public:
  ByteBpe(const TextSettings& text, const VocabularyView& vocabulary)
      : Encoder(static_cast<std::int64_t>(vocabulary.ends.size()), weft::max_ids(text),
                std::nullopt),
        settings_(text),
        template_(settings_),
        special_tokens_(settings_.subwords.special_tokens),
        pairs_(vocabulary, text.subwords),
        words_(vocabulary.words),
        offsets_(word_offsets(vocabulary.ends)) {}

  std::size_t encode(const TextInput& input, TokenBuffer& buffer,
                     const EncodedText& out) const override {
    Memory& memory = buffer.memory<Memory>();
    memory.cache.own(owner_);
    const auto tokenize = [&](std::string_view text, std::size_t limit, const EncodedText& to) {
      add_text(text, limit, memory, to);
    };
    return template_.fill(input, out, tokenize);
  }

 private:
  void add_text(std::string_view text, std::size_t limit, Memory& memory,
                const EncodedText& out) const {
    text = text.substr(0, kLongestText);
    const std::size_t before = out.ids.size();
    const bool trims = out.spans != nullptr && settings_.subwords.trim_offsets;
    const auto full = [&] { return out.ids.size() - before >= limit; };
    special_tokens_.cut(
        text,
        [&](const SpecialToken& token, std::size_t begin, std::size_t end) {
          out.ids.push_back(token.id);
          if (out.spans != nullptr) {
            out.spans->push_back(text_span(begin, end));
            if (trims) trim_special(text, out.ids.size() == before + 1, out.spans->back());
          }
          return !full();
        },
        [&](std::size_t begin, std::size_t end) {
          const std::string_view piece = text.substr(begin, end - begin);
          const bool spaced = settings_.subwords.add_prefix_space && piece.front() != ' ';
          if (spaced) memory.spaced.assign(1, ' ').append(piece);
          const std::size_t first = out.ids.size();
          add_piece(spaced ? memory.spaced : piece, before + limit_of(limit), memory, out.ids);
          if (out.spans != nullptr) add_spans(text, begin, end, spaced, first, out);
          if (trims) trim_words(text, first, before, out);
          return !full();
        });
  }

  static std::size_t limit_of(std::size_t limit) { return std::min(limit, kLongestText); }

  // Word by word, until there are so many ids.
  void add_piece(std::string_view text, std::size_t max_size, Memory& memory,
                 std::vector<std::int32_t>& ids) const {
    for (std::size_t begin = 0; begin < text.size() && ids.size() < max_size;) {
      const std::size_t end = gpt2_word_end(text, begin);
      const std::string_view word = text.substr(begin, end - begin);
      memory.cache.append(word, ids, [&] { pairs_.encode(word, memory.pairs, ids); });
      begin = end;
    }
  }

  std::string_view word(std::int32_t id) const {
    const auto i = static_cast<std::size_t>(id);
    return words_.substr(offsets_[i], offsets_[i + 1] - offsets_[i]);
  }

  // Of the tokens from `first` on, which are those of the bytes [begin, end), perhaps behind a
  // space that the text does not have: that one goes with the first character.
  void add_spans(std::string_view text, std::size_t begin, std::size_t end, bool spaced,
                 std::size_t first, const EncodedText& out) const {
    const std::string_view piece = text.substr(0, end);
    std::size_t read = 0;                             // bytes of tokens
    std::size_t character = begin, after = begin;     // the character at hand
    const auto move_to = [&](std::size_t position) {  // within the text
      while (after <= position && after < end) {
        character = after;
        utf8::next(piece, after);
      }
    };
    for (std::size_t i = first; i < out.ids.size(); ++i) {
      // An unknown token stands for one byte.
      const bool unknown = out.ids[i] == settings_.subwords.unknown_id;
      const std::size_t size = unknown ? 1 : word(out.ids[i]).size();
      const auto place = [&](std::size_t at) {
        return begin + (spaced ? std::max<std::size_t>(at, 1) - 1 : at);
      };
      move_to(place(read));
      const std::size_t from = character;
      read += size;
      move_to(place(read - 1));
      out.spans->push_back(text_span(from, after));
    }
  }

  // Of the tokens from `first` on, which are of vocabulary; `before`: the text's first one.
  void trim_words(std::string_view text, std::size_t first, std::size_t before,
                  const EncodedText& out) const {
    for (std::size_t i = first; i < out.ids.size(); ++i) {
      const std::string_view token = word(out.ids[i]);
      if (!token.starts_with(' ') && !token.ends_with(' ')) continue;
      const std::size_t leading = std::min(token.find_first_not_of(' '), token.size());
      std::size_t trailing = token.size();
      if (leading < token.size()) trailing -= token.find_last_not_of(' ') + 1;
      trim(text, leading, trailing, i == before, (*out.spans)[i]);
    }
  }

  // The white space that a special token takes is not of its span either.
  void trim_special(std::string_view text, bool is_first, TextSpan& span) const {
    const auto is_space = [&](std::size_t at) {
      return (character_classes()[utf8::next(text, at)] & kSpace) != 0;
    };
    std::size_t leading = 0;
    std::size_t trailing = 0;
    for (std::size_t at = span.begin; at < span.end && is_space(at); utf8::next(text, at)) {
      ++leading;
    }
    for (std::size_t at = span.end; at > span.begin; ++trailing) {
      at = utf8::before(text, at);
      if (!is_space(at)) break;
    }
    trim(text, leading, trailing, is_first, span);
  }

  // Takes so many characters off both ends of a span; but not a single one before the first token,
  // which may be the space that the settings put there.
  void trim(std::string_view text, std::size_t leading, std::size_t trailing, bool is_first,
            TextSpan& span) const {
    const bool first = is_first || span.begin == 0;
    if (leading == 1 && first && settings_.subwords.add_prefix_space) leading = 0;
    for (; leading > 0 && span.begin < span.end; --leading) {
      std::size_t position = span.begin;
      utf8::next(text, position);
      span.begin = static_cast<std::uint32_t>(position);
    }
    for (; trailing > 0 && span.end > span.begin; --trailing) {
      span.end = static_cast<std::uint32_t>(utf8::before(text, span.end));
    }
  }

  TextSettings settings_;  // those below point into it
  TokenTemplate template_;
  SpecialTokens special_tokens_;
  BytePairs pairs_;
  std::string_view words_;
  std::vector<std::uint32_t> offsets_;
  std::uint64_t owner_ = WordCache::new_owner();
};

}  // namespace

namespace tokenizers {
extern const TokenizerDef byte_bpe{
    .name = "byte_bpe",
    .doc = "the pairs of bytes that GPT-2 and RoBERTa read",
    .make = encoder_of<ByteBpe>,
    .alternative = "",
    .needs_icu = has_whole_word_token,
};
}  // namespace tokenizers

}  // namespace weft
