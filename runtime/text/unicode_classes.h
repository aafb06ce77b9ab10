// What the tokenizers of pretrained models ask about a character. The answers are a table, not
// ICU's: those models were trained with the answers of other Unicode versions, and a plan must read
// the same text alike wherever it runs.
#pragma once

#include <cstdint>

namespace weft {

enum CharacterClass : std::uint8_t {
  kIgnored = 1,      // Cc, Cf, Co, U+FFFD: what BERT drops; also white space that is Cc
  kSpace = 2,        // White_Space
  kPunctuation = 4,  // P of Unicode 8, and all of ASCII that is neither letter, digit nor control
  kAccent = 8,       // Mn of Unicode 8
  kChinese = 16,     // the blocks of ideographs that BERT knows
  kLetter = 32,      // L of Unicode 16, as in GPT-2's expression
  kNumber = 64,      // N of Unicode 16
};

// By character, 0 .. 0x10FFFF: a set of CharacterClass.
const std::uint8_t* character_classes();

// Unicode 17's lower case of one character alone: `Σ` is always `σ`; `İ` stays.
char32_t lower_case(char32_t c);

// The canonical decomposition of a character in Unicode 9; returns how many parts there are, at
// most kMostParts.
inline constexpr int kMostParts = 4;
int decompose(char32_t c, char32_t (&parts)[kMostParts]);

// Its canonical combining class in Unicode 9, by which marks behind a letter are ordered.
std::uint8_t combining_class(char32_t c);

}  // namespace weft
