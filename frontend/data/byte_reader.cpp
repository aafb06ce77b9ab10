// One buffer, in which what is left moves to the front before more is read.
#include "frontend/data/byte_reader.h"

#include <algorithm>
#include <cstring>

namespace weft {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 18;

}  // namespace

// Reads some more; false where the file has ended.
bool ByteReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(end_ + std::max(kBlock, end_));
  const std::size_t count = source_.read(buffer_.data() + end_, buffer_.size() - end_);
  if (returns_as_newlines_) {
    std::replace(buffer_.data() + end_, buffer_.data() + end_ + count, '\r', '\n');
  }
  end_ += count;
  if (watch_) watch_(source_.share_read());
  return count > 0;
}

void ByteReader::read_returns_as_newlines() {
  returns_as_newlines_ = true;
  std::replace(buffer_.data() + begin_, buffer_.data() + end_, '\r', '\n');
}

void ByteReader::pass(std::size_t size) {
  begin_ += size;
  offset_ += size;
}

std::string_view ByteReader::ahead(std::size_t size) {
  while (end_ - begin_ < size && fill()) continue;
  return rest();
}

bool ByteReader::skip(std::uint64_t size) {
  while (size > 0) {
    if (begin_ == end_ && !fill()) return false;
    const std::size_t count = std::min<std::uint64_t>(size, end_ - begin_);
    pass(count);
    size -= count;
  }
  return true;
}

bool ByteReader::take_until(char end, std::size_t longest, std::string_view& piece) {
  std::size_t searched = 0;
  for (;;) {
    const std::string_view some = rest().substr(0, longest);
    const std::size_t found = some.find(end, searched);
    piece = some.substr(0, found);
    if (found != std::string_view::npos) {
      pass(found + 1);
      return true;
    }
    searched = some.size();
    if (searched == longest || !fill()) {
      piece = rest().substr(0, longest);
      return false;
    }
  }
}

}  // namespace weft
