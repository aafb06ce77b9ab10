// Counts the labels that are more probable than those of a text.
#include "frontend/train/top_labels.h"

#include <algorithm>

namespace weft {
namespace {

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

// How many labels come before this one; of equally probable ones, the first is first.
std::size_t rank_of(std::span<const float> p, std::size_t label) {
  const float own = p[label];
  const auto before = p.first(label), behind = p.subspan(label + 1);
  return static_cast<std::size_t>(
      std::ranges::count_if(before, [own](float other) { return other >= own; }) +
      std::ranges::count_if(behind, [own](float other) { return other > own; }));
}

}  // namespace

void TopLabels::add(std::span<const float> p, std::span<const std::int32_t> truth) {
  answers_ += std::min(k_, p.size());
  labels_ += truth.size();
  for (const std::int32_t label : truth) {
    const auto number = static_cast<std::size_t>(label);
    if (number < p.size() && rank_of(p, number) < k_) ++found_;
  }
}

double TopLabels::precision() const { return share(found_, answers_); }
double TopLabels::recall() const { return share(found_, labels_); }

}  // namespace weft
