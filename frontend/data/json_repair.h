// Lines that writers of JSON make although JSON forbids them.
#pragma once

#include <string>
#include <string_view>

namespace weft {

// The line as valid JSON, as far as these go: NaN, Infinity and numbers beyond double become null,
// and a surrogate without its other half in a string becomes U+FFFD. `surrogates` is their number.
std::string repaired_json(std::string_view line, std::size_t& surrogates);

}  // namespace weft
