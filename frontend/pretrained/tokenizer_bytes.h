// The alphabet in which the files of byte-level tokenizers write bytes: printable characters of
// Latin-1 stand for themselves, the other 68 bytes for U+0100 and on. `Ġ` is the space.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weft {

// The bytes that a token of such a file stands for; none if it has other characters.
std::optional<std::string> bytes_of_token(std::string_view token);

std::string token_of_bytes(std::string_view bytes);

}  // namespace weft
