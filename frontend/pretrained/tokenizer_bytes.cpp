// The alphabet, both ways.
#include "frontend/pretrained/tokenizer_bytes.h"

#include <array>

#include "runtime/text/utf8.h"

namespace weft {
namespace {

struct Alphabet {
  std::array<char32_t, 256> letters{};
  std::array<int, 0x100 + 68> bytes{};  // -1: no letter

  constexpr Alphabet() {
    bytes.fill(-1);
    char32_t other = 0x100;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const bool printable =
          (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD && byte <= 0xFF);
      letters[byte] = printable ? byte : other++;
      bytes[letters[byte]] = static_cast<int>(byte);
    }
  }
};
constexpr Alphabet kAlphabet;

}  // namespace

std::optional<std::string> bytes_of_token(std::string_view token) {
  std::string bytes;
  for (std::size_t position = 0; position < token.size();) {
    const char32_t letter = utf8::next(token, position);
    const int byte = letter < kAlphabet.bytes.size() ? kAlphabet.bytes[letter] : -1;
    if (byte < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

std::string token_of_bytes(std::string_view bytes) {
  std::string token;
  for (const char byte : bytes) {
    utf8::append(kAlphabet.letters[static_cast<unsigned char>(byte)], token);
  }
  return token;
}

}  // namespace weft
