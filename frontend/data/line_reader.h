// Reads a file, or standard input, line by line: packed or not, in any encoding.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "frontend/data/byte_source.h"
#include "frontend/data/sighting.h"
#include "frontend/data/text_decoder.h"

namespace weft {

// The lines of a file in UTF-8, without their ends and without byte order marks at their
// beginnings.
//
// `\n` and `\r\n` end a line. In a file of old Macs `\r` does, too: in one where no `\n` is among
// the first 64 KiB, or more than eight `\r` stand before the first. In other files `\r` alone is a
// character of the text.
//
// UTF-16 and UTF-32 are told by their byte order mark; without one they are refused, as are files
// that ByteSource names. The memory used is that of the longest line; one that is longer than any
// text is read (kLongestText, 256 MiB) is refused, so that what has no lines is not read for ever.
class LineReader {
 public:
  // `encoding`: as ICU names it; empty: UTF-8, if no byte order mark says otherwise.
  explicit LineReader(const std::string& path, std::string encoding = {})
      : source_(path), encoding_(std::move(encoding)) {}

  // The next line, valid until the next call; false at the end.
  bool next(std::string_view& line);

  // The text that next() has not given yet, at least `size` bytes of it or all there is; valid
  // until the next call.
  std::string_view ahead(std::size_t size);

  // True if a whole line has been read already, so that next() need not wait.
  bool pending() const { return find_end(begin_) != std::string_view::npos; }

  std::size_t line() const { return number_; }  // the number of the last line, from 1
  const std::string& name() const { return source_.name(); }
  // The encoding that is converted to UTF-8; empty if the text is UTF-8. Known after the first
  // line.
  const std::string& decoded() const { return decoded_; }

  // Lines that hold a `\r` which ends no line.
  const Sighting& returns() const { return returns_; }
  // Lines in which one packed file ends and another begins: perhaps two lines, once.
  const Sighting& seams() const { return seams_; }

 private:
  void begin();
  bool fill();
  [[noreturn]] void refuse_long_line() const;
  std::size_t read_decoded();
  void decide_line_ends();
  std::size_t find_end(std::size_t from) const;

  ByteSource source_;
  std::string encoding_, decoded_;
  std::unique_ptr<TextDecoder> decoder_;
  std::string raw_, text_;  // of the decoder
  std::string buffer_;
  std::size_t begin_ = 0;  // bytes [begin_, end_) of buffer_ are yet to be given
  std::size_t end_ = 0;
  bool begun_ = false, ended_ = false;  // reading the source
  bool decided_ = false;                // whether `\r` ends lines
  bool returns_end_ = false;            // it does
  bool after_return_ = false;           // a `\n` that comes next belongs to the last line's end
  std::size_t member_ = 1;              // of the source, at the end of buffer_
  std::size_t seam_ = std::string_view::npos;  // where in buffer_ a member ends within a line
  std::size_t number_ = 0;
  Sighting returns_, seams_;
};

}  // namespace weft
