// The classes of bytes by the settings, and the order of marks.
#include "runtime/text/bert_words.h"

#include <algorithm>

namespace weft {

BertReader::BertReader(const TextSettings& text)
    : clean_(text.subwords.clean_text),
      split_chinese_(text.subwords.split_chinese),
      strip_accents_(text.subwords.strip_accents),
      lowercase_(text.lowercase),
      max_word_(text.subwords.max_word) {
  for (std::size_t byte = 0; byte < kinds_.size(); ++byte) {
    const unsigned classes = byte < 0x80 ? character_classes()[byte] : 0;
    Kind& kind = kinds_[byte];
    if (byte >= 0x80) {
      kind = Kind::unicode;
    } else if (clean_ && (classes & kIgnored) != 0) {
      kind = Kind::ignored;
    } else if ((classes & kSpace) != 0) {
      kind = Kind::space;
    } else if ((classes & kPunctuation) != 0) {
      kind = Kind::mark;
    } else {
      kind = Kind::letter;
    }
  }
}

void order_marks(BertWord& word) {
  const auto by_class = [](const BertWord::Mark& mark) { return mark.combining_class; };
  if (std::ranges::is_sorted(word.marks, {}, by_class)) return;
  word.mark_origins.clear();
  for (const BertWord::Mark& mark : word.marks) {
    if (!mark.inserted) word.mark_origins.push_back(mark.origin);
  }
  std::ranges::stable_sort(word.marks, {}, by_class);
  TextSpan origin = word.last_origin;
  auto next = word.mark_origins.begin();
  for (BertWord::Mark& mark : word.marks) {
    if (!mark.inserted) origin = *next++;
    mark.origin = origin;
  }
}

}  // namespace weft
