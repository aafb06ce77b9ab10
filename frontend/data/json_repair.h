// Lines that writers of JSON make although JSON forbids them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft {

struct JsonRepairs {
  std::size_t surrogates = 0;  // without their other halves, in strings
  std::string_view no_number;  // the first NaN, Infinity or number beyond double; empty: none
};

// The line as valid JSON, as far as these go: what is no number becomes null, a lone surrogate
// U+FFFD. The repairs are views of the line.
std::string repaired_json(std::string_view line, JsonRepairs&);

}  // namespace weft
