// The letter groups of a word, as fastText makes and hashes them (Bojanowski et al. 2017).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft {

// Some characters of a marked word, `<word>`, by their bytes in it.
struct Subword {
  std::size_t begin, end;
  std::uint32_t hash;  // FNV-1a as fastText has it: bytes are sign-extended
};

// Calls `use` for every group of `shortest` to `longest` Unicode scalars of `marked`, a word in
// UTF-8 between < and >, but for a lone < or >: by their beginning, then by length; until `use`
// returns false. The hash of a group is that of the one before, taken further: one step a byte.
template <typename Use>
void each_subword(std::string_view marked, std::int32_t shortest, std::int32_t longest, Use&& use) {
  const auto continues = [&](std::size_t i) {
    return i < marked.size() && (static_cast<unsigned char>(marked[i]) & 0xC0U) == 0x80U;
  };
  for (std::size_t begin = 0; begin < marked.size(); ++begin) {
    if (continues(begin)) continue;
    std::uint32_t hash = 2166136261U;
    std::size_t end = begin;
    for (std::int32_t length = 1; end < marked.size() && length <= longest; ++length) {
      do {
        const auto byte = static_cast<signed char>(marked[end]);
        hash = (hash ^ static_cast<std::uint32_t>(std::int32_t{byte})) * 16777619U;
      } while (continues(++end));
      const bool lone_mark = length == 1 && (begin == 0 || end == marked.size());
      if (length < shortest || lone_mark) continue;
      if (!use(Subword{begin, end, hash})) return;
    }
  }
}

}  // namespace weft
