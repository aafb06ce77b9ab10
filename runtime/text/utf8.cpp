// UTF-8 decoding by the table of well-formed byte sequences (Unicode 15, table 3-7).
#include "runtime/text/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace weft::utf8 {
namespace {

// The bytes that may follow a lead byte: how many continuations, and the range of the first.
struct Lead {
  int continuations;
  unsigned low = 0x80;
  unsigned high = 0xBF;
};

constexpr Lead lead_of(unsigned byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {1};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};  // no surrogates
  if (byte >= 0xE1 && byte <= 0xEF) return {2};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {3};
  if (byte == 0xF4) return {3, 0x80, 0x8F};  // nothing above U+10FFFF
  return {0};
}

unsigned byte_at(std::string_view text, std::size_t position) {
  return static_cast<unsigned char>(text[position]);
}

}  // namespace

char32_t next(std::string_view text, std::size_t& position) {
  const unsigned first = byte_at(text, position++);
  if (first < 0x80) return first;
  const Lead lead = lead_of(first);
  if (lead.continuations == 0) return kReplacement;
  char32_t scalar = first & (0x3FU >> lead.continuations);
  unsigned low = lead.low;
  unsigned high = lead.high;
  for (int i = 0; i < lead.continuations; ++i) {
    if (position == text.size()) return kReplacement;
    const unsigned byte = byte_at(text, position);
    if (byte < low || byte > high) return kReplacement;
    scalar = (scalar << 6) | (byte & 0x3FU);
    ++position;
    low = 0x80;
    high = 0xBF;
  }
  return scalar;
}

std::size_t before(std::string_view text, std::size_t end) {
  text = text.substr(0, end);
  for (std::size_t size = std::min<std::size_t>(end, 4); size > 1; --size) {
    std::size_t position = end - size;
    next(text, position);
    if (position == end) return end - size;
  }
  return end - 1;
}

void append(char32_t scalar, std::string& out) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (scalar < 0x80) {
    put(scalar);
  } else if (scalar < 0x800) {
    put(0xC0U | (scalar >> 6));
    put(0x80U | (scalar & 0x3FU));
  } else if (scalar < 0x10000) {
    put(0xE0U | (scalar >> 12));
    put(0x80U | ((scalar >> 6) & 0x3FU));
    put(0x80U | (scalar & 0x3FU));
  } else {
    put(0xF0U | (scalar >> 18));
    put(0x80U | ((scalar >> 12) & 0x3FU));
    put(0x80U | ((scalar >> 6) & 0x3FU));
    put(0x80U | (scalar & 0x3FU));
  }
}

void append_valid(std::string_view text, std::string& out) {
  for (std::size_t position = 0; position < text.size();) append(next(text, position), out);
}

bool is_valid(std::string_view text) {
  for (std::size_t position = 0; position < text.size();) {
    if (byte_at(text, position) < 0x80) {
      position = find_non_ascii(text, position);
      continue;
    }
    const std::size_t begin = position;
    // U+FFFD itself is well-formed in three bytes; as a stand-in it comes from other bytes.
    if (next(text, position) == kReplacement && text.substr(begin, 3) != "\xEF\xBF\xBD") {
      return false;
    }
  }
  return true;
}

std::size_t find_non_ascii(std::string_view text, std::size_t position) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  while (position + sizeof(std::uint64_t) <= text.size()) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + position, sizeof eight);
    if ((eight & kHighBits) != 0) break;
    position += sizeof eight;
  }
  while (position < text.size() && byte_at(text, position) < 0x80) ++position;
  return position;
}

}  // namespace weft::utf8
