// Whether numbers are numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace weft {

// False if one of the 32-bit floats is infinite or no number; their bytes may lie anywhere. At the
// speed of memory: without a branch, and a fixed number at a time, so that the compiler makes
// vectors of it.
inline bool all_finite(std::span<const std::byte> floats) {
  // All bits of the exponent are set in such a float: one more carries into the sign's place.
  constexpr std::uint32_t kExponent = 0x7F800000U, kOne = 0x00800000U, kSign = 0x80000000U;
  constexpr std::size_t kSide = 16;
  const std::size_t count = floats.size() / sizeof(float);
  std::array<std::uint32_t, kSide> found{};
  std::array<std::uint32_t, kSide> bits{};
  const auto look = [&] {
    for (std::size_t k = 0; k < kSide; ++k) found[k] |= (bits[k] & kExponent) + kOne;
  };
  std::size_t i = 0;
  for (; i + kSide <= count; i += kSide) {
    std::memcpy(bits.data(), floats.data() + i * sizeof(float), sizeof bits);
    look();
  }
  if (i < count) {
    bits = {};
    std::memcpy(bits.data(), floats.data() + i * sizeof(float), (count - i) * sizeof(float));
    look();
  }
  std::uint32_t any = 0;
  for (const std::uint32_t one : found) any |= one;
  return (any & kSign) == 0;
}

}  // namespace weft
