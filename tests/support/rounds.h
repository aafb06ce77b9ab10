// How often a test of random cases repeats.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace weft {

// WEFT_FUZZ_ROUNDS where it is set. A fifth of the usual number with sanitizers, under which a case
// takes thirty times as long: the release build tries them all.
inline std::uint64_t rounds(std::uint64_t usual) {
  if (const char* const given = std::getenv("WEFT_FUZZ_ROUNDS")) {
    return std::strtoull(given, nullptr, 10);
  }
#if defined(__SANITIZE_ADDRESS__)
  return (usual + 4) / 5;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  return (usual + 4) / 5;
#endif
#endif
  return usual;
}

}  // namespace weft
