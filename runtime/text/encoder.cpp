// Tokenize, then look every token up.
#include "runtime/text/encoder.h"

#include <algorithm>
#include <array>

namespace weft {

std::size_t Encoder::encode(std::string_view text, TokenBuffer& buffer,
                            std::vector<std::int32_t>& ids, std::vector<TextSpan>* places) const {
  tokenizer_.tokenize(text, buffer, max_tokens_);
  const std::span<const TextToken> tokens = buffer.tokens();
  // A vocabulary is larger than the nearest caches: some tokens' places in it are asked for at
  // once.
  std::array<std::uint64_t, 32> hashes;
  for (std::size_t first = 0; first < tokens.size(); first += hashes.size()) {
    const auto some = tokens.subspan(first, std::min(hashes.size(), tokens.size() - first));
    for (std::size_t i = 0; i < some.size(); ++i) {
      hashes[i] = hash_word(buffer.text(some[i]));
      vocabulary_.prefetch(hashes[i]);
    }
    for (std::size_t i = 0; i < some.size(); ++i) {
      ids.push_back(vocabulary_.find(buffer.text(some[i]), hashes[i]));
    }
  }
  for (std::size_t i = 0; places != nullptr && i < tokens.size(); ++i) {
    places->push_back({tokens[i].begin, tokens[i].end});
  }
  return tokens.size();
}

}  // namespace weft
