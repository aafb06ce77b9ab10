// ICU's converters give UTF-16; a mark in it stands for what was ill-formed.
#include "frontend/data/text_decoder.h"

#include <fmt/format.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/ucnv_err.h>

#include <algorithm>
#include <array>

#include "frontend/format/usage_error.h"
#include "ir/diagnostic.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

constexpr char16_t kIllFormed = 0xDFFF;  // a low surrogate alone: no converter gives one

void mark_ill_formed(const void*, UConverterToUnicodeArgs* args, const char*, std::int32_t,
                     UConverterCallbackReason reason, UErrorCode* status) {
  if (reason > UCNV_IRREGULAR) return;  // closed, reset or copied
  *status = U_ZERO_ERROR;
  ucnv_cbToUWriteUChars(args, &kIllFormed, 1, 0, status);
}

constexpr std::size_t kSample = 4096;
constexpr std::size_t kFewestBytes = 16;

unsigned byte(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

bool is_odd_control(unsigned unit) {
  return unit < 0x20 && unit != '\t' && unit != '\n' && unit != '\r';
}

bool looks_utf32(std::string_view text, bool little) {
  for (std::size_t i = 0; i + 4 <= text.size(); i += 4) {
    const unsigned top = byte(text, little ? i + 3 : i), next = byte(text, little ? i + 2 : i + 1);
    const unsigned low = byte(text, little ? i : i + 3) + 256 * byte(text, little ? i + 1 : i + 2);
    if (top != 0 || next > 0x10 || (next == 0 && is_odd_control(low))) return false;
  }
  return true;
}

bool looks_utf16(std::string_view text, bool little) {
  std::size_t plain = 0, units = 0;
  for (std::size_t i = 0; i + 2 <= text.size(); i += 2, ++units) {
    const unsigned high = byte(text, little ? i + 1 : i), low = byte(text, little ? i : i + 1);
    if (high == 0 && is_odd_control(low)) return false;
    if (high == 0xFF && low >= 0xFE) return false;
    plain += high == 0 ? 1 : 0;
  }
  // Chinese has few zeros, but its other bytes are hardly ever UTF-8.
  return plain > 0 && (4 * plain >= units || !utf8::is_valid(text));
}

}  // namespace

std::string_view encoding_by_mark(std::string_view begin) {
  using namespace std::string_view_literals;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kMarks = {{
      {"\xEF\xBB\xBF"sv, "UTF-8"},
      {"\xFF\xFE\0\0"sv, "UTF-32LE"},  // before UTF-16LE, with which it begins
      {"\0\0\xFE\xFF"sv, "UTF-32BE"},
      {"\xFF\xFE"sv, "UTF-16LE"},
      {"\xFE\xFF"sv, "UTF-16BE"},
  }};
  for (const auto& [mark, encoding] : kMarks) {
    if (begin.starts_with(mark)) return encoding;
  }
  return {};
}

std::string_view encoding_by_zeros(std::string_view begin) {
  const std::string_view text = begin.substr(0, std::min(begin.size() & ~std::size_t{3}, kSample));
  if (text.size() < kFewestBytes || text.find('\0') == std::string_view::npos) return {};
  if (looks_utf32(text, true)) return "UTF-32LE";
  if (looks_utf32(text, false)) return "UTF-32BE";
  if (looks_utf16(text, true)) return "UTF-16LE";
  if (looks_utf16(text, false)) return "UTF-16BE";
  return {};
}

struct TextDecoder::Impl {
  explicit Impl(const std::string& encoding) {
    UErrorCode status = U_ZERO_ERROR;
    converter = ucnv_open(encoding.c_str(), &status);
    if (U_FAILURE(status)) {
      throw UsageError(fmt::format("--encoding {}: there is no such encoding", encoding),
                       "Known are UTF-8, UTF-16, GB18030, Big5, Shift_JIS, EUC-KR, windows-1252, "
                       "ISO-8859-1, KOI8-R and others that ICU has.");
    }
    ucnv_setToUCallBack(converter, mark_ill_formed, nullptr, nullptr, nullptr, &status);
    WEFT_CHECK(U_SUCCESS(status));
  }
  ~Impl() { ucnv_close(converter); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void append(std::u16string_view units, std::string& out) {
    for (const char16_t unit : units) {
      if (unit < 0x80) {
        out += static_cast<char>(unit);
      } else if (high != 0) {  // the second half of a pair, even if it is 0xDFFF
        utf8::append(0x10000 + ((char32_t{high} - 0xD800) << 10U) + (unit - 0xDC00U), out);
      } else if (unit >= 0xD800 && unit < 0xDC00) {
        high = unit;
        continue;
      } else if (unit == kIllFormed) {
        out += '\xFF';
      } else {
        utf8::append(unit, out);
      }
      high = 0;
    }
  }

  UConverter* converter = nullptr;
  char16_t high = 0;  // the first half of a pair, whose second is yet to come
};

TextDecoder::TextDecoder(const std::string& encoding) : impl_(std::make_unique<Impl>(encoding)) {}
TextDecoder::~TextDecoder() = default;

void TextDecoder::decode(std::string_view bytes, bool last, std::string& out) {
  std::array<char16_t, 4096> units;
  const char* from = bytes.data();
  for (UErrorCode status = U_BUFFER_OVERFLOW_ERROR; status == U_BUFFER_OVERFLOW_ERROR;) {
    status = U_ZERO_ERROR;
    char16_t* to = units.data();
    ucnv_toUnicode(impl_->converter, &to, units.data() + units.size(), &from,
                   bytes.data() + bytes.size(), nullptr, static_cast<UBool>(last), &status);
    WEFT_CHECK(U_SUCCESS(status) || status == U_BUFFER_OVERFLOW_ERROR);
    impl_->append({units.data(), static_cast<std::size_t>(to - units.data())}, out);
  }
}

}  // namespace weft
