// Edit distance with swaps of neighbours, over short names.
#include "frontend/format/suggest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

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

std::vector<std::string> nearest_few(std::string_view wrong, std::span<const std::string> known,
                                     std::size_t count) {
  constexpr std::size_t kCompared = 64;  // bytes of a name: keeps the table small
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& name : known) {
    ranked.emplace_back(distance(wrong.substr(0, kCompared), name.substr(0, kCompared)), name);
  }
  std::ranges::stable_sort(ranked, {}, &std::pair<std::size_t, std::string>::first);
  std::vector<std::string> few;
  for (std::size_t i = 0; i < std::min(count, ranked.size()); ++i) few.push_back(ranked[i].second);
  return few;
}

std::string suggestion(std::string_view wrong, std::span<const std::string> known) {
  if (known.empty()) return "none are known here";
  const std::string near = nearest(wrong, known);
  if (!near.empty()) return fmt::format("did you mean `{}`?", near);
  constexpr std::size_t kShort = 24, kFew = 3;
  if (known.size() <= kShort) return fmt::format("known: {}", fmt::join(known, ", "));
  return fmt::format("the nearest of {} names: {}", known.size(),
                     fmt::join(nearest_few(wrong, known, kFew), ", "));
}

}  // namespace weft
