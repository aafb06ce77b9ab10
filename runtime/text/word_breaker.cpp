// Word boundaries: the ASCII part of ICU's rules.
#include "runtime/text/word_breaker.h"

#include <array>

namespace weft {
namespace {

// The Word_Break classes that matter within ASCII, as bits.
enum WordClass : std::uint8_t {
  kLetter = 1,
  kDigit = 2,
  kExtend = 4,      // the underscore joins letters, digits and itself
  kMidLetter = 8,   // joins two letters: it's, e.g
  kMidNumber = 16,  // joins two digits: 3.14, 1,000
};

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 'a'; c <= 'z'; ++c) classes[c] = kLetter;
  for (unsigned c = 'A'; c <= 'Z'; ++c) classes[c] = kLetter;
  for (unsigned c = '0'; c <= '9'; ++c) classes[c] = kDigit;
  classes['_'] = kExtend;
  classes['.'] = classes['\''] = kMidLetter | kMidNumber;
  classes[','] = classes[';'] = kMidNumber;
  return classes;
}

constexpr std::array<std::uint8_t, 256> kClasses = make_classes();
constexpr unsigned kWord = kLetter | kDigit | kExtend;

unsigned class_at(std::string_view text, std::size_t position) {
  return kClasses[static_cast<unsigned char>(text[position])];
}

}  // namespace

std::size_t ascii_word_end(std::string_view text, std::size_t begin) {
  std::size_t end = begin + 1;
  unsigned previous = class_at(text, begin);
  if ((previous & kWord) == 0) return end;
  while (end < text.size()) {
    const unsigned current = class_at(text, end);
    if ((current & kWord) != 0) {  // WB5, 8, 9, 10, 13a, 13b
      previous = current;
      ++end;
      continue;
    }
    if (current == 0 || end + 1 == text.size()) break;
    const unsigned after = class_at(text, end + 1);
    const bool joins = ((previous & after & kLetter) != 0 && (current & kMidLetter) != 0) ||
                       ((previous & after & kDigit) != 0 && (current & kMidNumber) != 0);
    if (!joins) break;  // WB6, 7, 11, 12
    previous = after;
    end += 2;
  }
  return end;
}

}  // namespace weft
