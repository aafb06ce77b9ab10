// "Did you mean": the known name nearest to one that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// The nearest of `known` within a third of the length (at least one) in insertions, deletions,
// substitutions and swaps of neighbours; empty if none is near.
std::string nearest(std::string_view wrong, std::span<const std::string> known);

// `did you mean conv1d?`, or, where nothing is near, `known are a, b, c`.
std::string suggestion(std::string_view wrong, std::span<const std::string> known);

}  // namespace weft
