// How often a test of random cases repeats.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace weft {

#if defined(__SANITIZE_ADDRESS__)
#define WEFT_SANITIZED
#elif defined(__has_feature)  // clang's way to say it
#if __has_feature(address_sanitizer)
#define WEFT_SANITIZED
#endif
#endif

// WEFT_FUZZ_ROUNDS where it is set. With sanitizers, under which a case takes thirty times as long,
// a fifth of the usual number: the release build tries them all.
inline std::uint64_t rounds(std::uint64_t usual) {
  if (const char* const given = std::getenv("WEFT_FUZZ_ROUNDS")) {
    return std::strtoull(given, nullptr, 10);
  }
#if defined(WEFT_SANITIZED)
  return (usual + 4) / 5;
#else
  return usual;
#endif
}

}  // namespace weft
