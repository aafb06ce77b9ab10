// Reads a file, or standard input, line by line: plain or gzip, lines of any length.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace weft {

// The bytes of a file, uncompressed if they begin with gzip's magic number; `-` is standard input.
// A read returns what has arrived and does not wait for more. Error if the file cannot be opened or
// read, or if its gzip data is cut short or damaged.
class ByteSource {
 public:
  explicit ByteSource(const std::string& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Up to `size` bytes, at least one; 0 at the end.
  std::size_t read(char* out, std::size_t size);

  const std::string& name() const;  // for messages
  double share_read() const;        // of the file; 0 if its size is not known

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The lines of a file, without their `\n` or `\r\n`, and without a byte order mark before the
// first. The memory used is that of the longest line.
class LineReader {
 public:
  explicit LineReader(const std::string& path) : source_(path) {}

  // The next line, valid until the next call; false at the end.
  bool next(std::string_view& line);

  // True if a whole line has been read already, so that next() need not wait.
  bool pending() const { return repeat_ || buffer_.find('\n', begin_) < end_; }

  // The next call of next() gives the last line again.
  void unread() { repeat_ = true; }

  std::size_t line() const { return number_; }  // the number of the last line, from 1
  const std::string& name() const { return source_.name(); }

 private:
  bool fill();

  ByteSource source_;
  std::string buffer_;
  std::size_t begin_ = 0;  // bytes [begin_, end_) of buffer_ are yet to be given
  std::size_t end_ = 0;
  std::string_view last_;
  std::size_t number_ = 0;
  bool repeat_ = false;
};

}  // namespace weft
