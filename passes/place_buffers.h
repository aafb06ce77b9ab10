// Places buffers of known size and lifetime in one arena, the smallest that can be found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft {

// In use at every time from `first` to `last`, both included.
struct Buffer {
  std::int64_t bytes = 0;  // a multiple of 64
  std::size_t first = 0, last = 0;
  std::int64_t offset = 0;  // the answer
};

// The most bytes in use at any one time: no placement can do with less.
std::int64_t peak_bytes(const std::vector<Buffer>&);

// Sets every offset so that no two buffers in use at one time overlap; returns the arena's size.
// Deterministic: no clock, no outside randomness.
std::int64_t place_buffers(std::vector<Buffer>&);

}  // namespace weft
