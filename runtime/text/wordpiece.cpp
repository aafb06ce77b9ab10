// The tokenizer `wordpiece`, of BERT and its kin (Devlin et al. 2018): words at white space, marks
// and Chinese characters, each cut greedily into the longest pieces of the vocabulary; a piece that
// continues a word is known by its prefix, `##`. A word that cannot be cut is unknown as a whole.
//
// max_tokens counts all ids of a window, special tokens too. Ill-formed UTF-8 reads as U+FFFD.
#include <fmt/format.h>

#include <vector>

#include "ir/diagnostic.h"
#include "runtime/text/bert_words.h"
#include "runtime/text/byte_trie.h"
#include "runtime/text/special_tokens.h"
#include "runtime/text/token_template.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/vocabulary.h"
#include "runtime/text/word_cache.h"

namespace weft {
namespace {

struct Memory {
  BertWord word;
  WordCache cache;
};

class WordPiece final : public Encoder {
 public:
  WordPiece(const TextSettings& text, const VocabularyView& vocabulary)
      : Encoder(static_cast<std::int64_t>(vocabulary.ends.size()), weft::max_ids(text),
                text.subwords.unknown_id),
        settings_(text),
        template_(settings_),
        special_tokens_(settings_.subwords.special_tokens),
        reader_(settings_),
        trie_(2 * vocabulary.words.size()),
        beginning_(trie_.add_root()),
        continuing_(trie_.add_root()),
        unknown_(text.subwords.unknown_id),
        offsets_(word_offsets(vocabulary.ends)) {
    if (unknown_ < 0) {
      throw Error("tokenizer=wordpiece has no unknown token",
                  "name it in the tokenizer's files, as `unk_token`");
    }
    add_words(vocabulary);
  }

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
  void add_words(const VocabularyView& vocabulary) {
    std::vector<bool> special(vocabulary.ends.size());
    for (const SpecialToken& token : settings_.subwords.special_tokens) {
      if (token.normalized) {
        throw Error(fmt::format("tokenizer=wordpiece cannot look for the token `{}` in normalised "
                                "text",
                                token.text),
                    "add it to the model's tokenizer with normalized=false");
      }
      special[static_cast<std::size_t>(token.id)] = true;
    }
    const std::string_view prefix = settings_.subwords.prefix;
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < vocabulary.ends.size(); ++i) {
      const std::string_view word = vocabulary.words.substr(begin, vocabulary.ends[i] - begin);
      begin = vocabulary.ends[i];
      if (word.empty() || special[i]) continue;
      const auto id = static_cast<std::int32_t>(i);
      if (!trie_.add(beginning_, word, id)) {
        throw Error(fmt::format("the token `{}` is twice in the vocabulary", word),
                    "take the vocabulary file as it was published");
      }
      if (word.size() > prefix.size() && word.starts_with(prefix)) {
        trie_.add(continuing_, word.substr(prefix.size()), id);
      }
    }
  }

  void add_text(std::string_view text, std::size_t limit, Memory& memory,
                const EncodedText& out) const {
    text = text.substr(0, kLongestText);
    const std::size_t before = out.ids.size();
    const auto full = [&] { return out.ids.size() - before >= limit; };
    special_tokens_.cut(
        text,
        [&](const SpecialToken& token, std::size_t begin, std::size_t end) {
          push(token.id, text_span(begin, end), out);
          return !full();
        },
        [&](std::size_t begin, std::size_t end) {
          reader_.read(text, begin, end, out.spans != nullptr, memory.word, [&] {
            add_word(memory, out);
            return !full();
          });
          return !full();
        });
  }

  void add_word(Memory& memory, const EncodedText& out) const {
    const BertWord& word = memory.word;
    if (word.characters > settings_.subwords.max_word) return push(unknown_, word.whole(), out);
    const std::size_t before = out.ids.size();
    const auto cut = [&] { add_pieces(word.spelling, out.ids); };
    // A Chinese character is found sooner than looked up.
    if (word.spelling.size() <= 3) {
      cut();
    } else {
      memory.cache.append(word.spelling, out.ids, cut);
    }
    if (out.spans == nullptr) return;
    if (out.ids.back() == unknown_) return out.spans->push_back(word.whole());
    std::size_t begin = 0;
    for (std::size_t i = before; i < out.ids.size(); ++i) {
      const auto id = static_cast<std::size_t>(out.ids[i]);
      const std::size_t prefix = i == before ? 0 : settings_.subwords.prefix.size();
      const std::size_t end = begin + offsets_[id + 1] - offsets_[id] - prefix;
      out.spans->push_back(word.span(begin, end));
      begin = end;
    }
  }

  // The longest piece first; of a word that cannot be cut, the unknown token.
  void add_pieces(std::string_view word, std::vector<std::int32_t>& ids) const {
    const std::size_t before = ids.size();
    for (std::size_t begin = 0; begin < word.size();) {
      const auto piece = trie_.longest(begin == 0 ? beginning_ : continuing_, word, begin);
      if (piece.number == ByteTrie::kNothing || piece.number == unknown_) {
        ids.resize(before);
        ids.push_back(unknown_);
        return;
      }
      ids.push_back(piece.number);
      begin = piece.end;
    }
  }

  static void push(std::int32_t id, TextSpan span, const EncodedText& out) {
    out.ids.push_back(id);
    if (out.spans != nullptr) out.spans->push_back(span);
  }

  TextSettings settings_;  // those below point into it
  TokenTemplate template_;
  SpecialTokens special_tokens_;
  BertReader reader_;
  ByteTrie trie_;
  std::uint32_t beginning_, continuing_;  // roots: of words, of what goes on behind a prefix
  std::int32_t unknown_;
  std::vector<std::uint32_t> offsets_;  // of the words
  std::uint64_t owner_ = WordCache::new_owner();
};

}  // namespace

namespace tokenizers {
extern const TokenizerDef wordpiece{
    .name = "wordpiece",
    .doc = "the pieces of words that BERT and its kin read",
    .make = encoder_of<WordPiece>,
    .alternative = "",
    .needs_icu =
        [](const TextSettings& text) {
          return text.lowercase || text.subwords.strip_accents || has_whole_word_token(text);
        },
};
}  // namespace tokenizers

}  // namespace weft
