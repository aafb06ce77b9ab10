// The tokenizer `whitespace`: what stands between Unicode white space, as given. For text that was
// segmented beforehand.
#include "runtime/text/splitting-inl.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/word_lookup.h"

namespace weft {
namespace {

struct WhitespaceRules {
  static constexpr bool kKeepsBlanks = true;

  static std::size_t ascii_end(std::string_view ascii, std::size_t begin) {
    return utf8::find_ascii_space(ascii, begin);
  }

  static void unicode(Splitting& splitting, std::size_t begin, std::size_t end) {
    std::size_t piece_begin = begin;
    for (std::size_t position = begin; position < end && !splitting.full();) {
      const std::size_t here = position;
      if (!is_white_space(utf8::next(splitting.text(), position))) continue;
      if (here > piece_begin) splitting.push(piece_begin, here);
      piece_begin = position;
    }
    if (end > piece_begin && !splitting.full()) splitting.push(piece_begin, end);
  }
};

}  // namespace

namespace tokenizers {
extern const TokenizerDef whitespace{
    .name = "whitespace",
    .doc = "what stands between white space, as given",
    .make = make_word_lookup,
    .split = split_by<WhitespaceRules>,
    .looks_up_words = true,
    .needs_spaces = true,
    .alternative = "words",
};
}  // namespace tokenizers

}  // namespace weft
