// Questions about characters, NFKC and lower case, by ICU.
#include "runtime/text/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>

#include <cstdint>

#include "ir/diagnostic.h"

namespace weft {
namespace {

icu::StringPiece piece(std::string_view text) {
  return {text.data(), static_cast<std::int32_t>(text.size())};
}

const icu::Normalizer2& nfkc_normalizer() {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKCInstance(status);
  if (U_FAILURE(status)) {
    throw Error("cannot normalise text: ICU has no NFKC data",
                "Install the full ICU data (Debian: libicu72).");
  }
  return *normalizer;
}

}  // namespace

void require_icu(std::string_view) {}

bool is_control_or_format(char32_t c) {
  const std::int8_t category = u_charType(static_cast<UChar32>(c));
  return category == U_CONTROL_CHAR || category == U_FORMAT_CHAR;
}

bool is_default_ignorable(char32_t c) {
  return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0;
}

bool is_word_character(char32_t scalar) {
  const auto c = static_cast<UChar32>(scalar);
  constexpr std::uint32_t kCategories = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_hasBinaryProperty(c, UCHAR_ALPHABETIC) != 0 ||
         (U_MASK(u_charType(c)) & kCategories) != 0 ||
         u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL) != 0;
}

void append_nfkc(std::string_view text, std::string& out) {
  UErrorCode status = U_ZERO_ERROR;
  icu::StringByteSink<std::string> sink(&out);
  nfkc_normalizer().normalizeUTF8(0, piece(text), sink, nullptr, status);
  WEFT_CHECK(U_SUCCESS(status));
}

void append_lower(std::string_view text, std::string& out) {
  UErrorCode status = U_ZERO_ERROR;
  icu::StringByteSink<std::string> sink(&out);
  icu::CaseMap::utf8ToLower("", 0, piece(text), sink, nullptr, status);
  WEFT_CHECK(U_SUCCESS(status));
}

}  // namespace weft
