// What a pretrained model reads: the tokens of one text or two between special tokens, and no more
// of them than the model takes; or windows of a long text, each between special tokens.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "ir/plan/plan.h"
#include "runtime/text/encoder.h"
#include "runtime/text/windows.h"

namespace weft {

class TokenTemplate {
 public:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  // Error if there are no templates, or max_tokens has no room for their special tokens.
  explicit TokenTemplate(const TextSettings&);

  // Appends the tokens of the input and returns how many there are. `tokenize(text, limit, out)`
  // appends the ids and spans of one text, at least the first `limit` of them. A pair that is empty
  // is none, as it is for the originals.
  template <class Tokenize>
  std::size_t fill(const TextInput& input, const EncodedText& out, Tokenize&& tokenize) const {
    const bool pair = input.pair && !input.pair->empty();
    const std::vector<TemplatePart>& parts = pair ? pair_ : single_;
    const std::size_t before = out.ids.size();
    const std::size_t room = pair ? max_tokens_ - (parts.size() - 2) : windows_.max_tokens();
    std::array<Range, 2> texts;
    for (const TemplatePart& part : parts) {
      const std::size_t begin = out.ids.size();
      if (part.id >= 0) {
        out.ids.push_back(part.id);
        if (out.spans != nullptr) out.spans->push_back({0, 0});
      } else {
        // Which of two texts is cut depends on all of both.
        tokenize(part.which == 0 ? input.text : *input.pair, pair ? kNoLimit : room, out);
        texts[static_cast<std::size_t>(part.which)] = {begin, out.ids.size()};
        if (part.which == 1) shift(begin, input.pair_begin, out);
      }
      if (out.types != nullptr) {
        out.types->insert(out.types->end(), out.ids.size() - begin, part.type);
      }
    }
    truncate(texts, room, out);
    if (!pair && windows_.several()) cut(before, out);
    return out.ids.size() - before;
  }

 private:
  struct Range {
    std::size_t begin = 0, end = 0;
    std::size_t size() const { return end - begin; }
  };

  // Moves the spans from number `begin` on.
  static void shift(std::size_t begin, std::uint32_t by, const EncodedText& out) {
    if (out.spans == nullptr) return;
    for (std::size_t i = begin; i < out.spans->size(); ++i) {
      (*out.spans)[i].begin += by;
      (*out.spans)[i].end += by;
    }
  }

  static void truncate(std::array<Range, 2> texts, std::size_t room, const EncodedText& out);
  // Windows of the text that has been appended behind so many ids.
  void cut(std::size_t before, const EncodedText& out) const;

  const std::vector<TemplatePart>&single_, &pair_;  // of the settings
  std::size_t max_tokens_;
  Windows windows_;  // of one text
};

}  // namespace weft
