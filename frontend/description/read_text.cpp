// From the settings of the line to how texts are read.
#include "frontend/description/read_text.h"

#include <fmt/format.h>

#include "ir/op.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

void check_windows(const TextSettings& text, SourceLocation location) {
  if (text.overlap >= text.max_tokens) {
    throw Error(
        location,
        fmt::format("windows of max_tokens={} cannot overlap by {}", text.max_tokens, text.overlap),
        "overlap is at most max_tokens - 1, and a quarter of it by default");
  }
  if (tokenizer_of(text).ids_per_word != nullptr) {
    throw Error(location,
                fmt::format("tokenizer={} has no long=windows: its words are of several ids",
                            text.tokenizer),
                "use tokenizer=words");
  }
  if (text.word_ngrams > 1) {
    throw Error(location, "word_ngrams and long=windows cannot be combined",
                "raise max_tokens instead");
  }
  if (text.pair) {
    throw Error(location, "pair=true and long=windows cannot be combined",
                "a pair is cut to max_tokens, the longer text first: raise max_tokens");
  }
}

// Groups of letters, which two tokenizers make.
void read_letters(TextSettings& text, const Attrs& line, SourceLocation location) {
  text.min_letters = int_attr(line, "min_letters");
  text.max_letters = int_attr(line, "max_letters");
  if (text.min_letters == 0 && text.max_letters == 0) return;
  if (tokenizer_of(text).more_ids == nullptr) {
    throw Error(location,
                fmt::format("tokenizer={} takes no min_letters and max_letters", text.tokenizer),
                "they are of tokenizer=ngrams and tokenizer=fasttext");
  }
  if (text.min_letters < 1 || text.max_letters < text.min_letters) {
    throw Error(
        location,
        fmt::format("there are no groups of {} to {} letters", text.min_letters, text.max_letters),
        "give both: min_letters is at least 1, and max_letters at least min_letters; or neither");
  }
}

}  // namespace

void read_text(DescriptionSettings& s, const Attrs& line, SourceLocation location) {
  s.text.tokenizer = string_attr(line, "tokenizer");
  s.text.lowercase = int_attr(line, "lowercase") != 0;
  s.text.nfkc = int_attr(line, "nfkc") != 0;
  s.text.unify_marks = s.text.nfkc;
  s.text.max_tokens = int_attr(line, "max_tokens");
  if (tokenizer_of(s.text).more_ids != nullptr) s.text.buckets = int_attr(line, "buckets");
  s.text.word_ngrams = int_attr(line, "word_ngrams");
  read_letters(s.text, line, location);
  s.overlap = int_attr(line, "overlap");
  s.text.pair = int_attr(line, "pair") != 0;
  if (string_attr(line, "long") == "windows") {
    s.text.max_windows = int_attr(line, "max_windows");
    s.text.overlap = overlap_of(s, s.text.max_tokens);
    check_windows(s.text, location);
  }
  s.vocabulary = int_attr(line, "vocabulary");
  s.min_count = int_attr(line, "min_count");
  s.added_words = int_attr(line, "added_words");
}

}  // namespace weft
