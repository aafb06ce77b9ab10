// JSON of a file that may be damaged or hostile: nlohmann-json copies and writes a value by
// recursion, which nesting without end would bring down.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace weft {

// Error, which says what "it" is not, if the text is no JSON, is nested deeper than 32 arrays and
// objects, or gives a name twice in one object.
nlohmann::json parse_untrusted_json(std::string_view text);

}  // namespace weft
