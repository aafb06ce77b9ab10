// Stretches that repeat one after the other in a sequence: the layers of a deep model.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace weft {

// Items [begin, begin + length) are followed by `times` - 1 equal stretches.
struct Repeat {
  std::size_t begin = 0, length = 0, times = 0;

  std::size_t end() const { return begin + length * times; }
};

// Equal items have the same number. At least three times, four items or more; the largest saving
// first, none over another; in order. Where a repeat may begin at several items, `cut` decides: the
// one whose boundary costs least, the first of these.
std::vector<Repeat> find_repeats(std::span<const std::size_t> items,
                                 const std::function<std::size_t(std::size_t boundary)>& cut);

}  // namespace weft
