// Where windows begin and end.
#include "runtime/text/windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "ir/diagnostic.h"

namespace weft {

Windows::Windows(const TextSettings& text)
    : size_(static_cast<std::size_t>(text.max_tokens)),
      max_windows_(static_cast<std::size_t>(text.max_windows)),
      overlap_(static_cast<std::size_t>(text.overlap)) {
  const std::vector<TemplatePart>& parts = text.subwords.single;
  if (!parts.empty()) {
    const auto of_text = std::ranges::find(parts, -1, &TemplatePart::id);
    before_ = static_cast<std::size_t>(of_text - parts.begin());
    behind_ = parts.size() - 1 - before_;
  }
  room_ = size_ - std::min(size_, before_ + behind_);
  max_tokens_ = room_;
  if (!several()) return;
  if (overlap_ >= room_) {
    throw Error(fmt::format("windows of max_tokens={} cannot overlap by {}: {} are left beside {} "
                            "special tokens",
                            size_, overlap_, room_, before_ + behind_),
                "lower overlap, or raise max_tokens, on the line `text`");
  }
  std::size_t more = 0;  // max_tokens of a plan may be any number
  if (__builtin_mul_overflow(max_windows_ - 1, step(), &more) ||
      __builtin_add_overflow(room_, more, &max_tokens_)) {
    max_tokens_ = std::numeric_limits<std::size_t>::max();
  }
}

std::size_t Windows::count(std::size_t tokens) const {
  return tokens <= room_ ? 1 : (tokens - room_ - 1) / step() + 2;
}

template <class T>
void Windows::spread_items(std::vector<T>& items, std::size_t begin, std::size_t tokens) const {
  const std::size_t windows = count(tokens);
  const std::size_t special = before_ + behind_;
  const std::size_t last = tokens - (windows - 1) * step();
  items.resize(begin + (windows - 1) * size_ + special + last);
  const auto first = std::next(items.begin(), static_cast<std::ptrdiff_t>(begin + before_));
  // From the last: a window never begins before the tokens that it is made of.
  for (std::size_t k = windows - 1; k > 0; --k) {
    const auto from = std::next(first, static_cast<std::ptrdiff_t>(k * step()));
    const auto length = static_cast<std::ptrdiff_t>(k + 1 == windows ? last : room_);
    const auto to = std::next(first, static_cast<std::ptrdiff_t>(k * size_) + length);
    std::copy_backward(from, std::next(from, length), to);
  }
}

void Windows::spread(const EncodedText& out, std::size_t begin, std::size_t tokens) const {
  spread_items(out.ids, begin, tokens);
  if (out.spans != nullptr) spread_items(*out.spans, begin, tokens);
  if (out.types != nullptr) spread_items(*out.types, begin, tokens);
}

std::optional<std::size_t> Windows::token_at(std::size_t index, std::size_t size) const {
  const std::size_t window = index / size_;
  const std::size_t place = index % size_;
  const std::size_t end = std::min(size_, size - begin(window)) - behind_;
  if (place < before_ || place >= end) return {};
  return window * step() + place - before_;
}

}  // namespace weft
