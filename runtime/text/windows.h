// Long texts by windows: at most max_tokens ids each, of which every one begins with the last
// `overlap` tokens of the one before. (Hugging Face calls the overlap `stride`.)
//
// The windows of a text lie end to end, and all but the last are full: the ids of a text tell its
// windows. Window k is the ids [k max_tokens, (k + 1) max_tokens), as far as there are. Special
// tokens stand in each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ir/plan/plan.h"
#include "runtime/text/encoder.h"

namespace weft {

// Windows of a text of so many ids: also a text without any has one.
constexpr std::int64_t window_count(std::int64_t ids, std::int64_t max_tokens) {
  return ids <= max_tokens ? 1 : (ids - 1) / max_tokens + 1;
}

class Windows {
 public:
  // Error if the overlap leaves no room for other tokens.
  explicit Windows(const TextSettings&);

  bool several() const { return max_windows_ > 1; }       // false: there is one window only
  std::size_t max_tokens() const { return max_tokens_; }  // of a text, in all windows together
  std::size_t count(std::size_t tokens) const;            // of a text of so many tokens
  std::size_t begin(std::size_t window) const { return window * size_; }  // among the ids

  // Turns one window into several: what has been appended to `out` since `begin` is one item for
  // each special token before the text, for each of its tokens, and what is behind them. Those of
  // special tokens become unknown, but for the first ones.
  void spread(const EncodedText& out, std::size_t begin, std::size_t tokens) const;

  // Which token of its text is id `index` of `size`; none: a special token.
  std::optional<std::size_t> token_at(std::size_t index, std::size_t size) const;

 private:
  std::size_t step() const { return room_ - overlap_; }
  template <class T>
  void spread_items(std::vector<T>& items, std::size_t begin, std::size_t tokens) const;

  std::size_t size_, max_windows_, overlap_;
  std::size_t before_ = 0, behind_ = 0;  // special tokens of each window
  std::size_t room_ = 0;                 // tokens of a text in one window
  std::size_t max_tokens_ = 0;
};

}  // namespace weft
