// Model descriptions to start from, commented: what `weft new` writes.
#pragma once

#include <span>
#include <string_view>

namespace weft {

struct Starter {
  std::string_view name;
  std::string_view doc;
  std::string_view text;  // a whole description
};

std::span<const Starter> all_starters();
const Starter* find_starter(std::string_view name);  // null if there is none

}  // namespace weft
