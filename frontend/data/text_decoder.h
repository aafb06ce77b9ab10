// Text in other encodings: which one a file is in, as far as its bytes tell, and its conversion to
// UTF-8 by ICU.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace weft {

// The encoding that a byte order mark at the beginning names: UTF-8, UTF-16LE, UTF-16BE, UTF-32LE
// or UTF-32BE; else empty.
std::string_view encoding_by_mark(std::string_view begin);
// UTF-16 and UTF-32 without such a mark, by their zeros; else empty.
std::string_view encoding_by_zeros(std::string_view begin);

class TextDecoder {
 public:
  // Error if ICU knows no encoding of this name.
  explicit TextDecoder(const std::string& encoding);
  ~TextDecoder();
  TextDecoder(const TextDecoder&) = delete;
  TextDecoder& operator=(const TextDecoder&) = delete;

  // Appends the text in UTF-8. What is ill-formed becomes the byte 0xFF, which is so in UTF-8, too.
  // `last`: nothing follows.
  void decode(std::string_view bytes, bool last, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft
