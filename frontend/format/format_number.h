// Formats numbers for people.
#pragma once

#include <cstdint>
#include <string>

namespace weft {

std::string grouped(std::int64_t number);  // 1234567 as 1,234,567

// Three digits and a letter: 1.23 G.
std::string scaled(double number);

// With four decimals; zero has no sign.
std::string rounded(double value);

// A share from 0 to 1 in per cent, without the sign: with one decimal or, close to 0 and 1, with as
// many as it takes not to read 0 or 100: 62.3, 0.012, 99.9950.
std::string percent(double share);

}  // namespace weft
