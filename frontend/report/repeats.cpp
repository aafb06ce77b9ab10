// Every period of every stretch is tried: programs have some thousand nodes at most.
#include "frontend/report/repeats.h"

#include <algorithm>
#include <optional>

namespace weft {
namespace {

constexpr std::size_t kMinLength = 4, kMinTimes = 3;

// The repeat of [begin, end) that saves most.
std::optional<Repeat> largest(std::span<const std::size_t> items, std::size_t begin,
                              std::size_t end, const auto& cut) {
  std::optional<Repeat> best;
  std::size_t saved = 0, room = 0;  // the items that its beginning may shift by
  for (std::size_t length = kMinLength; length * kMinTimes <= end - begin; ++length) {
    std::size_t run = 0;  // items before i that equal those a period later
    for (std::size_t i = begin; i + length <= end; ++i) {
      if (i + length < end && items[i] == items[i + length]) {
        ++run;
        continue;
      }
      const std::size_t times = run / length + 1;
      if (times >= kMinTimes && length * (times - 1) > saved) {
        saved = length * (times - 1);
        room = run % length;
        best = Repeat{i - run, length, times};
      }
      run = 0;
    }
  }
  if (!best) return best;
  const std::size_t first = best->begin;
  for (std::size_t shift = 1; shift <= room; ++shift) {
    if (cut(first + shift) < cut(best->begin)) best->begin = first + shift;
  }
  return best;
}

void find_in(std::span<const std::size_t> items, std::size_t begin, std::size_t end,
             const auto& cut, std::vector<Repeat>& found) {
  const std::optional<Repeat> one = largest(items, begin, end, cut);
  if (!one) return;
  find_in(items, begin, one->begin, cut, found);
  found.push_back(*one);
  find_in(items, one->end(), end, cut, found);
}

}  // namespace

std::vector<Repeat> find_repeats(std::span<const std::size_t> items,
                                 const std::function<std::size_t(std::size_t boundary)>& cut) {
  std::vector<Repeat> found;
  find_in(items, 0, items.size(), cut, found);
  return found;
}

}  // namespace weft
