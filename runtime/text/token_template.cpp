// Truncation: of two texts, the longer one is cut first.
#include "runtime/text/token_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "ir/diagnostic.h"

namespace weft {
namespace {

// How many tokens of each of two texts are kept.
std::array<std::size_t, 2> kept(std::size_t first, std::size_t second, std::size_t room) {
  if (first + second <= room) return {first, second};
  const bool first_is_longer = first > second;
  std::size_t shorter = std::min(first, second);
  std::size_t longer = room - std::min(room, shorter);
  if (longer < shorter) {  // both are cut
    shorter = room / 2;
    longer = room - shorter;
  }
  return first_is_longer ? std::array{longer, shorter} : std::array{shorter, longer};
}

template <class T>
void erase(std::vector<T>& items, std::size_t begin, std::size_t end) {
  items.erase(std::next(items.begin(), static_cast<std::ptrdiff_t>(begin)),
              std::next(items.begin(), static_cast<std::ptrdiff_t>(end)));
}

}  // namespace

TokenTemplate::TokenTemplate(const TextSettings& text)
    : single_(text.subwords.single),
      pair_(text.subwords.pair),
      max_tokens_(static_cast<std::size_t>(text.max_tokens)),
      windows_(text) {
  if (single_.empty() || pair_.empty()) {
    throw Error(
        fmt::format("tokenizer={} lacks the templates of its special tokens", text.tokenizer),
        "it comes with a pretrained model: name its folder");
  }
  const std::size_t specials = std::max(single_.size() - 1, pair_.size() - 2);
  if (max_tokens_ < specials) {
    throw Error(fmt::format("max_tokens is {}, but the model's special tokens alone are {}",
                            max_tokens_, specials),
                "raise max_tokens on the line `text`");
  }
}

void TokenTemplate::truncate(std::array<Range, 2> texts, std::size_t room, const EncodedText& out) {
  const auto keep = kept(texts[0].size(), texts[1].size(), room);
  const std::size_t last = texts[1].begin > texts[0].begin ? 1 : 0;
  for (const std::size_t which : {last, 1 - last}) {  // so that places before stay
    const std::size_t begin = texts[which].begin + keep[which];
    const std::size_t end = texts[which].end;
    if (begin == end) continue;
    erase(out.ids, begin, end);
    if (out.spans != nullptr) erase(*out.spans, begin, end);
    if (out.types != nullptr) erase(*out.types, begin, end);
  }
}

void TokenTemplate::cut(std::size_t before, const EncodedText& out) const {
  const std::size_t tokens = out.ids.size() - before - (single_.size() - 1);
  const std::size_t windows = windows_.count(tokens);
  if (windows == 1) return;
  windows_.spread(out, before, tokens);
  const std::size_t end = out.ids.size();
  for (std::size_t k = 0; k < windows; ++k) {
    const std::size_t first = before + windows_.begin(k);
    const std::size_t last = k + 1 == windows ? end : before + windows_.begin(k + 1);
    bool behind = false;  // the tokens of the text
    for (std::size_t i = 0; i < single_.size(); ++i) {
      const TemplatePart& part = single_[i];
      behind = behind || part.id < 0;
      if (part.id < 0) continue;
      const std::size_t at = behind ? last - (single_.size() - i) : first + i;
      out.ids[at] = part.id;
      if (out.spans != nullptr) (*out.spans)[at] = {0, 0};
      if (out.types != nullptr) (*out.types)[at] = part.type;
    }
  }
}

}  // namespace weft
