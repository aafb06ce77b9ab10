// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace weft {

std::string grouped(std::int64_t number);  // 1234567 as 1,234,567

// With four decimals, and a zero without a sign.
std::string rounded(double value);

// A share of 0 to 1 in per cent, without the sign: one decimal or, near 0 and near 1, as many as
// it takes to tell it from them: 62.3, 0.012, 99.9950.
std::string percent(double share);

}  // namespace weft
