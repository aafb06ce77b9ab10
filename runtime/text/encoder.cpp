// Tokenize, then look every token up.
#include "runtime/text/encoder.h"

namespace weft {

std::size_t Encoder::encode(std::string_view text, TokenBuffer& buffer,
                            std::vector<std::int32_t>& ids, std::vector<TextSpan>* places) const {
  tokenizer_.tokenize(text, buffer, max_tokens_);
  for (const TextToken& token : buffer.tokens()) {
    ids.push_back(vocabulary_.find(buffer.text(token)));
    if (places != nullptr) places->push_back({token.begin, token.end});
  }
  return buffer.tokens().size();
}

}  // namespace weft
