// Blocks of memory for numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace weft {

// Bytes aligned to a cache line; fresh ones are zero. Of a large block the system gives memory for
// what is touched only, by pages: huge ones, of 2 MB, are faster to walk through.
class AlignedBytes {
 public:
  enum class Pages : std::uint8_t { huge, small };

  AlignedBytes() = default;
  explicit AlignedBytes(std::size_t size, Pages pages = Pages::huge);
  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<std::byte> span() const { return {data_.get(), size_}; }

  // What they hold is lost; the memory of a large block goes back to the system until it is
  // touched.
  void discard() const;

 private:
  struct Free {
    std::size_t mapped;  // bytes; 0: from the heap
    void operator()(std::byte* bytes) const;
  };
  std::unique_ptr<std::byte[], Free> data_;
  std::size_t size_ = 0;
};

bool all_zero(std::span<const std::byte> bytes);

// Copies `from` to fresh bytes, but for its zeros, so that their memory is not touched: the states
// of an optimizer are zero at first.
void copy_to_fresh(std::span<const std::byte> from, std::byte* to);

}  // namespace weft
