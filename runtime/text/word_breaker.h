// Finds words (UAX #29): by ICU for any text, and by the same rules in a table for ASCII.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace weft {

// The end of the word, or of the single other character, that begins at `begin` in ASCII text:
// exactly where ICU ends it, but for `@`, which some versions of ICU take for a letter. `begin`
// must not be the end of `text`.
std::size_t ascii_word_end(std::string_view text, std::size_t begin);

// ICU's word boundaries. Chinese, Japanese and Thai, which do not space words, are segmented with
// ICU's dictionaries. One thread at a time.
class WordBreaker {
 public:
  WordBreaker();
  ~WordBreaker();
  WordBreaker(const WordBreaker&) = delete;
  WordBreaker& operator=(const WordBreaker&) = delete;

  // Begins a text of less than 2 GiB, which must outlive the calls of next().
  void start(std::string_view text);

  // The next boundary in bytes, the last being the size of the text; -1 after that.
  std::int32_t next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft
