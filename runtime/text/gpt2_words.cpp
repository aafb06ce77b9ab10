// GPT-2's expression, read by hand: one look at each character.
#include "runtime/text/gpt2_words.h"

#include "runtime/text/unicode_classes.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

constexpr unsigned kKinds = kLetter | kNumber | kSpace;  // none of them: anything else

// The kind of the character at `position`, which moves behind it.
unsigned next_kind(std::string_view text, std::size_t& position, const std::uint8_t* classes) {
  const auto byte = static_cast<unsigned char>(text[position]);
  if (byte < 0x80) {
    ++position;
    return classes[byte] & kKinds;
  }
  return classes[utf8::next(text, position)] & kKinds;
}

// How many bytes behind an apostrophe make a contraction of it.
std::size_t contraction(std::string_view behind) {
  if (behind.empty()) return 0;
  const char first = behind[0];
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 1;
  const std::string_view two = behind.substr(0, 2);
  return two == "re" || two == "ve" || two == "ll" ? 2 : 0;
}

}  // namespace

std::size_t gpt2_word_end(std::string_view text, std::size_t begin) {
  if (text[begin] == '\'') {
    const std::size_t size = contraction(text.substr(begin + 1));
    if (size != 0) return begin + 1 + size;
  }
  const std::uint8_t* const classes = character_classes();
  std::size_t end = begin;  // of what is read as one
  unsigned kind = next_kind(text, end, classes);
  if (text[begin] == ' ' && end < text.size()) kind = next_kind(text, end, classes);
  if (kind == kSpace) {
    end = begin;
    std::size_t last = begin;
    for (std::size_t position = begin; position < text.size();) {
      const std::size_t before = position;
      if (next_kind(text, position, classes) != kSpace) return last == begin ? end : last;
      last = before;
      end = position;
    }
    return end;
  }
  for (std::size_t position = end; position < text.size(); end = position) {
    if (next_kind(text, position, classes) != kind) break;
  }
  return end;
}

}  // namespace weft
