// Reads a file's bytes with look-ahead, an offset for messages, and bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "frontend/data/byte_source.h"

namespace weft {

// Called from time to time with the share of the file that has been read.
using ReadWatch = std::function<void(double share)>;

// The views that it returns are valid until the next call.
class ByteReader {
 public:
  explicit ByteReader(const std::string& path, ByteSource::Pipes pipes = ByteSource::Pipes::read)
      : source_(path, pipes) {}

  void watch(ReadWatch watch) { watch_ = std::move(watch); }

  // The next `size` bytes or more; fewer at the end of the file. They stay to be read.
  std::string_view ahead(std::size_t size);
  // Passes over `size` bytes; false if the file has fewer.
  bool skip(std::uint64_t size);
  // Takes the bytes up to and including the next `end`; `piece` is those before it. False if `end`
  // is not among the next `longest` bytes: then nothing is taken, and `piece` is these bytes.
  bool take_until(char end, std::size_t longest, std::string_view& piece);

  // From here on, for a text file of old Macs.
  void read_returns_as_newlines();

  std::uint64_t offset() const { return offset_; }  // in the uncompressed file, from 0
  const std::string& name() const { return source_.name(); }

 private:
  std::string_view rest() const { return std::string_view(buffer_).substr(begin_, end_ - begin_); }
  bool fill();
  void pass(std::size_t size);

  ByteSource source_;
  ReadWatch watch_;
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0;  // bytes [begin_, end_) of buffer_ are yet to be taken
  std::uint64_t offset_ = 0;
  bool returns_as_newlines_ = false;
};

}  // namespace weft
