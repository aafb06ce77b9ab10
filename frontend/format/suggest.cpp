// Edit distance with swaps of neighbours, over short names.
#include "frontend/format/suggest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace weft {
namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view wrong, std::span<const std::string> known) {
  constexpr std::size_t kLongest = 64;  // no name is longer; keeps the table small
  if (wrong.size() > kLongest) return {};
  if (wrong.size() < 3) return {};  // everything is near to two letters
  std::size_t best = std::max<std::size_t>(1, wrong.size() / 3) + 1;
  std::string found;
  for (const std::string& name : known) {
    if (name.size() > kLongest) continue;
    const std::size_t d = distance(wrong, name);
    if (d < best) {
      best = d;
      found = name;
    }
  }
  return found;
}

std::string suggestion(std::string_view wrong, std::span<const std::string> known) {
  if (known.empty()) return "none are known here";
  const std::string near = nearest(wrong, known);
  if (!near.empty()) return fmt::format("did you mean `{}`?", near);
  return fmt::format("known: {}", fmt::join(known, ", "));
}

}  // namespace weft
