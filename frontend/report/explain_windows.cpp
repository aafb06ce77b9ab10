// Numbers the tokens of windows as those of the whole text.
#include "frontend/report/explain_windows.h"

#include <map>
#include <utility>

namespace weft {
namespace {

// The windows end to end: their tokens as those of the text.
class Joined {
 public:
  Joined(std::span<const Explanation> windows, const Windows& layout) : layout_(layout) {
    for (std::size_t k = 0; k < windows.size(); ++k) {
      size_ = layout.begin(k) + windows[k].words.size();
    }
  }

  // The token of the text that is token `i` of window `k`.
  std::optional<std::size_t> token(std::size_t k, std::size_t i) const {
    return layout_.token_at(layout_.begin(k) + i, size_);
  }

 private:
  const Windows& layout_;
  std::size_t size_ = 0;
};

}  // namespace

Explanation mean_of_windows(std::span<const Explanation> windows, const Windows& layout) {
  const Joined joined(windows, layout);
  const double share = 1.0 / static_cast<double>(windows.size());
  Explanation text;
  text.exact = windows.front().exact;
  text.decisions = windows.front().decisions;
  std::map<std::pair<std::size_t, std::size_t>, NGram> ngrams;  // by first and last token
  for (std::size_t k = 0; k < windows.size(); ++k) {
    const Explanation& window = windows[k];
    text.bias += share * window.bias;
    text.logit += share * window.logit;
    for (std::size_t i = 0; i < window.words.size(); ++i) {
      if (joined.token(k, i) != text.words.size()) continue;  // special, or known already
      text.words.push_back(window.words[i]);
      text.known.push_back(window.known[i]);
    }
    for (const NGram& part : window.ngrams) {
      const std::size_t first = joined.token(k, part.first).value();
      const std::size_t last = joined.token(k, part.last).value();
      NGram& whole =
          ngrams.try_emplace({first, last}, NGram{first, last, part.bytes}).first->second;
      whole.contribution += share * part.contribution;
      whole.activations += part.activations;
    }
  }
  for (const auto& [place, ngram] : ngrams) {
    if (ngram.contribution != 0) text.ngrams.push_back(ngram);
  }
  sort_by_size(text.ngrams);
  return text;
}

}  // namespace weft
