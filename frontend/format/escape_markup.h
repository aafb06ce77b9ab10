// Text as HTML and XML hold it.
#pragma once

#include <string>
#include <string_view>

namespace weft {

// With `&`, `<`, `>` and both quotes as entities, for text and for attributes.
std::string escape_markup(std::string_view text);

}  // namespace weft
