// The tokenizer `characters`: every Unicode scalar but white space, control and format characters.
// The usual choice for Chinese.
#include "runtime/text/splitting-inl.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/word_lookup.h"

namespace weft {
namespace {

struct CharacterRules {
  static constexpr bool kKeepsBlanks = false;

  static std::size_t ascii_end(std::string_view, std::size_t begin) { return begin + 1; }

  static void unicode(Splitting& splitting, std::size_t begin, std::size_t end) {
    for (std::size_t position = begin; position < end && !splitting.full();) {
      const std::size_t here = position;
      if (!is_blank(utf8::next(splitting.text(), position))) splitting.push(here, position);
    }
  }
};

}  // namespace

namespace tokenizers {
extern const TokenizerDef characters{
    .name = "characters",
    .doc = "every character but white space: the usual choice for Chinese",
    .make = make_word_lookup,
    .split = split_by<CharacterRules>,
    .looks_up_words = true,
    .reads_case = false,
    .alternative = "words",
    .needs_icu = [](const TextSettings&) { return true; },
};
}  // namespace tokenizers

}  // namespace weft
