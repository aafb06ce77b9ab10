// Questions about characters, NFKC and lower case, by ICU.
#include "runtime/text/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ir/diagnostic.h"

namespace weft {
namespace {

icu::StringPiece piece(std::string_view text) {
  return {text.data(), static_cast<std::int32_t>(text.size())};
}

using Instance = const icu::Normalizer2* (*)(UErrorCode&);

const icu::Normalizer2& normalizer(Instance instance) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* const normalizer = instance(status);
  if (U_FAILURE(status)) {
    throw Error("cannot normalise text: ICU has no NFKC data",
                "Install the full ICU data (Debian: libicu72).");
  }
  return *normalizer;
}

// Runs of marks of fewer bytes are left to ICU.
constexpr std::size_t kLongRun = 128;

// Appends marks as NFKD has them: each decomposed, in the order of their combining classes.
void append_ordered(std::string_view marks, const icu::Normalizer2& nfkd, std::string& out) {
  struct Mark {
    std::uint8_t combining_class;
    char32_t scalar;
  };
  std::vector<Mark> run;
  const auto flush = [&] {
    std::ranges::stable_sort(run, {}, &Mark::combining_class);
    for (const Mark& mark : run) utf8::append(mark.scalar, out);
    run.clear();
  };
  icu::UnicodeString parts;
  for (std::size_t position = 0; position < marks.size();) {
    const auto scalar = static_cast<UChar32>(utf8::next(marks, position));
    if (!nfkd.getDecomposition(scalar, parts)) parts.setTo(scalar);
    for (std::int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1)) {
      const UChar32 part = parts.char32At(i);
      const std::uint8_t combining_class = u_getCombiningClass(part);
      if (combining_class == 0) flush();
      run.push_back({combining_class, static_cast<char32_t>(part)});
    }
  }
  flush();
}

// A text of the same NFKC whose long runs of marks are in order. ICU puts marks in order one by
// one, which takes it the square of a run's length.
std::string with_ordered_marks(std::string_view text) {
  const icu::Normalizer2& nfkd = normalizer(icu::Normalizer2::getNFKDInstance);
  std::string ordered;
  std::size_t run = 0;  // where the marks before `position` begin
  const auto end_run = [&](std::size_t end) {
    const std::string_view marks = text.substr(run, end - run);
    if (marks.size() < kLongRun) {
      ordered.append(marks);
    } else {
      append_ordered(marks, nfkd, ordered);
    }
  };
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t begin = position;
    if (!nfkd.hasBoundaryBefore(static_cast<UChar32>(utf8::next(text, position)))) continue;
    end_run(begin);
    ordered.append(text.substr(begin, position - begin));
    run = position;
  }
  end_run(text.size());
  return ordered;
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
  std::string ordered;
  if (text.size() >= kLongRun) text = ordered = with_ordered_marks(text);
  UErrorCode status = U_ZERO_ERROR;
  icu::StringByteSink<std::string> sink(&out);
  normalizer(icu::Normalizer2::getNFKCInstance)
      .normalizeUTF8(0, piece(text), sink, nullptr, status);
  WEFT_CHECK(U_SUCCESS(status));
}

void append_lower(std::string_view text, std::string& out) {
  UErrorCode status = U_ZERO_ERROR;
  icu::StringByteSink<std::string> sink(&out);
  icu::CaseMap::utf8ToLower("", 0, piece(text), sink, nullptr, status);
  WEFT_CHECK(U_SUCCESS(status));
}

}  // namespace weft
