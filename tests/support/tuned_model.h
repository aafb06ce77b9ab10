// A model with constants to search.
#pragma once

#include <string>
#include <string_view>

#include "frontend/description/description.h"

namespace weft {

inline constexpr std::string_view kDescription =
    "model small  # the name stays\n"
    "text   tokenizer=whitespace max_tokens=12\n"
    "width  = 8     # so does this\n"
    "drop   = 0.2\n"
    "x      = embedding(text, width=width)\n"
    "a      = x | conv1d(channels=6, kernel=3) | relu | max_pool\n"
    "logits = a | dropout(drop) | linear(labels)\n"
    "output softmax(logits)\n"
    "train  adam(rate=0.01) batch=8 epochs=5\n";

inline Description described(std::string_view line) {
  return parse_description(std::string(kDescription) + std::string(line), "small.model");
}

}  // namespace weft
