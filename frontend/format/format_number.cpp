// Formatting numbers.
#include "frontend/format/format_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace weft {

std::string with_commas(std::string digits) {
  const std::size_t first = digits.front() == '-' ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string scaled(double number) {
  for (const char* unit : {"", " k", " M", " G"}) {
    if (number < 999.5) return fmt::format("{:.3g}{}", number, unit);
    number /= 1000;
  }
  return fmt::format("{:.0f} T", number);
}

std::string rounded(double value) {
  std::string text = fmt::format("{:.4f}", value);
  return text == "-0.0000" ? "0.0000" : text;
}

std::string percent(double share) {
  constexpr int kMaxDecimals = 9;
  const double gap = 100 * std::min(share, 1 - share);
  int decimals = 1;
  if (gap > 0)
    decimals = std::clamp(1 - static_cast<int>(std::floor(std::log10(gap))), 1, kMaxDecimals);
  return fmt::format("{:.{}f}", 100 * share, decimals);
}

}  // namespace weft
