// Lower case and decomposition by ICU, held to the Unicode versions that pretrained models know.
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include "ir/diagnostic.h"
#include "runtime/text/unicode_classes.h"

namespace weft {
namespace {

// Letters with a lower case that came after Unicode 15, which every supported ICU has.
struct Lowered {
  char32_t first, last, lower;
};
constexpr Lowered kNewer[] = {
    {0x1C89, 0x1C89, 0x1C8A},    {0xA7CB, 0xA7CB, 0x264},  {0xA7CC, 0xA7CC, 0xA7CD},
    {0xA7CE, 0xA7CE, 0xA7CF},    {0xA7D2, 0xA7D2, 0xA7D3}, {0xA7D4, 0xA7D4, 0xA7D5},
    {0xA7DA, 0xA7DA, 0xA7DB},    {0xA7DC, 0xA7DC, 0x19B},  {0x10D50, 0x10D65, 0x10D70},
    {0x16EA0, 0x16EB8, 0x16EBB},
};

bool in_unicode_9(char32_t c) {
  UVersionInfo age{};
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] != 0 && age[0] <= 9;
}

const UNormalizer2& nfd() {
  UErrorCode status = U_ZERO_ERROR;
  const UNormalizer2* const normalizer = unorm2_getNFDInstance(&status);
  if (U_FAILURE(status)) {
    throw Error("cannot take accents off letters: ICU has no normalisation data",
                "Install the full ICU data (Debian: libicu72).");
  }
  return *normalizer;
}

}  // namespace

char32_t lower_case(char32_t c) {
  for (const Lowered& newer : kNewer) {
    if (c >= newer.first && c <= newer.last) return newer.lower + (c - newer.first);
  }
  return c == 0x130 ? c : static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
}

int decompose(char32_t c, char32_t (&parts)[kMostParts]) {
  UChar units[2 * kMostParts];
  UErrorCode status = U_ZERO_ERROR;
  const std::int32_t size =
      unorm2_getDecomposition(&nfd(), static_cast<UChar32>(c), units, 2 * kMostParts, &status);
  parts[0] = c;
  if (size <= 0 || U_FAILURE(status) || !in_unicode_9(c)) return 1;
  int count = 0;
  for (std::int32_t i = 0; i < size && count < kMostParts; ++count) {
    UChar32 part = 0;
    U16_NEXT(units, i, size, part);
    parts[count] = static_cast<char32_t>(part);
  }
  return count;
}

std::uint8_t combining_class(char32_t c) {
  const std::uint8_t value = u_getCombiningClass(static_cast<UChar32>(c));
  return value != 0 && in_unicode_9(c) ? value : 0;
}

}  // namespace weft
