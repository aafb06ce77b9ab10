// Reading files a line at a time: plain or gzip by content, named or standard input, any length.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace weft {

// The bytes of a file, gunzipped where they begin with gzip's magic; `-` is standard input. A read
// gives what is there without waiting for more. Error where the file cannot be opened or read, or
// its gzip data is cut short or damaged.
class ByteSource {
 public:
  explicit ByteSource(const std::string& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Up to `size` bytes, at least one; 0 at the end.
  std::size_t read(char* out, std::size_t size);

  const std::string& name() const;  // for messages
  double share_read() const;        // of the file, gzipped or not; 0 where its size is not known

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The lines of a file without their `\n` or `\r\n`, nor the byte order mark before the first. The
// memory used is that of the longest line.
class LineReader {
 public:
  explicit LineReader(const std::string& path) : source_(path) {}

  // The next line, good until the call after; false at the end.
  bool next(std::string_view& line);

  // Whether a whole line has been read already, so that next() does not wait for more.
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
