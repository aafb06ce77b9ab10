// Reading a file's bytes with look-ahead, a known place for messages, and bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "frontend/data/line_reader.h"

namespace weft {

// Called now and then with the share of a file that has been read.
using ReadWatch = std::function<void(double share)>;

// Views it gives are good until the next call.
class ByteReader {
 public:
  explicit ByteReader(const std::string& path) : source_(path) {}

  void watch(ReadWatch watch) { watch_ = std::move(watch); }

  // The next `size` bytes or more, fewer only where the file ends.
  std::string_view ahead(std::size_t size);
  // Passes over `size` bytes; false where the file has fewer.
  bool skip(std::uint64_t size);
  // Takes the bytes before the next `end` and that. False where it is not among the next `longest`
  // bytes: nothing is taken then, and `piece` is what there is of them.
  bool take_until(char end, std::size_t longest, std::string_view& piece);

  std::uint64_t offset() const { return offset_; }  // in the file, gunzipped; from 0
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
};

}  // namespace weft
