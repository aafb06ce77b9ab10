// Random numbers without a generator: a hash of (seed, step, stream, index), so that any element
// can be drawn alone, in any order, on any thread, and again in the backward pass.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace weft {

// The key of one node in one training step: made once, then one short hash per element.
struct RandomKey {
  std::uint32_t first = 0, second = 0;
};

// David Stafford's "Mix13" of 64 bits, the finaliser of SplitMix64 (Steele, Lea, Flood: "Fast
// splittable pseudorandom number generators", OOPSLA 2014): a bijection with full avalanche.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

// 64 bits that depend on the name's bytes only (FNV-1a, mixed).
constexpr std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  }
  return mix64(hash);
}

constexpr RandomKey random_key(std::int64_t seed, std::int64_t step, std::int64_t stream) {
  std::uint64_t key = 0;
  for (const std::int64_t part : {seed, step, stream}) {
    key =
        mix64(key + static_cast<std::uint64_t>(part) + 0x9E3779B97F4A7C15U);  // 2^64 / golden ratio
  }
  return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

// A key for part `index` of what a key stands for, where 32 bits do not count the elements.
constexpr RandomKey derived_key(RandomKey key, std::uint64_t index) {
  const std::uint64_t whole = static_cast<std::uint64_t>(key.second) << 32 | key.first;
  const std::uint64_t mixed = mix64(whole ^ mix64(index + 0x9E3779B97F4A7C15U));
  return {static_cast<std::uint32_t>(mixed), static_cast<std::uint32_t>(mixed >> 32)};
}

// 32 random bits for element `index`. The rounds are "lowbias32" (Chris Wellons, hash-prospector),
// 32-bit multiplications only, eight or sixteen elements to a vector; the second half of the key
// goes in between, so that two keys' sequences are not permutations of one another.
constexpr std::uint32_t random_bits(RandomKey key, std::uint32_t index) {
  std::uint32_t x = index ^ key.first;
  x = (x ^ (x >> 16)) * 0x7FEB352DU;
  x = (x ^ (x >> 15)) + key.second;
  x = x * 0x846CA68BU;
  return x ^ (x >> 16);
}

// Uniform in [0, 1), a multiple of 2^-32.
constexpr double random_uniform(RandomKey key, std::uint32_t index) {
  return random_bits(key, index) * 0x1p-32;
}

// dropout keeps an element whose bits are not below this: with probability 1 - rate.
inline std::uint32_t dropout_threshold(double rate) {
  const double threshold = std::nearbyint(rate * 0x1p32);
  return threshold >= 0x1p32 ? 0xFFFFFFFFU : static_cast<std::uint32_t>(threshold);
}

}  // namespace weft
