// What one core of this machine can do at most: fp32 multiply-adds, and reading memory of several
// sizes, in order and by rows at random. One line each.
#include <fmt/format.h>

#include <hwy/aligned_allocator.h>
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/kernels/simd/peak.h"

namespace weft {
namespace {

constexpr std::int64_t kMegabyte = std::int64_t{1} << 20U;

// GB/s of reading rows of 4 KB at random from `bytes` of memory.
double random_rate(const float* memory, std::int64_t bytes) {
  constexpr std::int64_t floats = 1024;
  const std::int64_t rows = bytes / (4 * floats);
  std::vector<const float*> at;
  std::uint64_t state = 1;
  for (std::int64_t row = 0; row < rows; ++row) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    at.push_back(memory +
                 static_cast<std::int64_t>((state >> 33U) % static_cast<std::uint64_t>(rows)) *
                     floats);
  }
  return read_peak(at, floats) * 1e-9;
}

void print_limits() {
  fmt::print("fp32 multiply-add peak       {:8.1f} GFLOP/s\n", multiply_add_peak() * 1e-9);
  struct Place {
    const char* name;
    std::int64_t bytes;
  };
  for (const Place& place : {Place{"16 KB", 16 << 10}, Place{"256 KB", 256 << 10},
                             Place{"8 MB", 8 * kMegabyte}, Place{"192 MB", 192 * kMegabyte}}) {
    fmt::print("read {:>6} in order         {:8.1f} GB/s\n", place.name,
               read_peak(place.bytes) * 1e-9);
  }
  constexpr std::size_t size = 24 * kMegabyte;
  const auto memory = hwy::AllocateAligned<float>(size);
  std::fill_n(memory.get(), size, 1.0F);
  for (const Place& place : {Place{"8 MB", 8 * kMegabyte}, Place{"24 MB", 24 * kMegabyte},
                             Place{"96 MB", 96 * kMegabyte}}) {
    fmt::print("read {:>6} by rows of 4 KB  {:8.1f} GB/s\n", place.name,
               random_rate(memory.get(), place.bytes));
  }
}

}  // namespace
}  // namespace weft

int main() { weft::print_limits(); }
