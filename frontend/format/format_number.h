// Formats numbers for people.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace weft {

std::string with_commas(std::string digits);  // 1234567 as 1,234,567
std::string grouped(std::integral auto number) { return with_commas(std::to_string(number)); }

// `1 node`, `1,234 nodes`.
std::string counted(std::integral auto number, std::string_view noun) {
  return grouped(number).append(" ").append(noun).append(number == 1 ? "" : "s");
}

// Three digits and a letter: 1.23 G.
std::string scaled(double number);

// With four decimals; zero has no sign.
std::string rounded(double value);

// A share from 0 to 1 in per cent, without the sign: with one decimal or, close to 0 and 1, with as
// many as it takes not to read 0 or 100: 62.3, 0.012, 99.9950.
std::string percent(double share);

}  // namespace weft
