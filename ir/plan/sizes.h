// Limits of what a plan file may say, far above those of any honest plan: below them sums and
// products of sizes cannot overflow.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ir/graph.h"

namespace weft::plan_format {

inline constexpr std::int64_t kMaxBytes = std::int64_t{1} << 46;
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;
inline constexpr std::size_t kMaxDimensions = 8;

// What weft::verify relies on. Error if a size is out of range, or of a symbol that is not there.
void check_sizes(const Graph&);

}  // namespace weft::plan_format
