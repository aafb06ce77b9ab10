// Random numbers in [-0.5, 0.5), the same in every run.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/random.h"

namespace weft {

inline std::vector<float> random_floats(std::int64_t count, std::int64_t stream) {
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (std::uint32_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<float>(random_uniform(random_key(5, 6, stream), i)) - 0.5F;
  }
  return numbers;
}

}  // namespace weft
