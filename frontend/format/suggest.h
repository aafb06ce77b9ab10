// "Did you mean": finds the known name nearest to an unknown one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// The nearest name of `known`, counting insertions, deletions, substitutions and swaps of
// neighbours; empty if even that is more than a third of the length away (and more than one).
std::string nearest(std::string_view wrong, std::span<const std::string> known);

// The `count` nearest names of `known`, the nearest first.
std::vector<std::string> nearest_few(std::string_view wrong, std::span<const std::string> known,
                                     std::size_t count);

// `did you mean conv1d?`, or, where nothing is near, `known: a, b, c`; of a long list the nearest
// three.
std::string suggestion(std::string_view wrong, std::span<const std::string> known);

}  // namespace weft
