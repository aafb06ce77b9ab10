// Which bytes of a text a part of a word's normalised spelling stands for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/text/encoder.h"
#include "runtime/text/normalize.h"
#include "runtime/text/subwords.h"
#include "runtime/text/utf8.h"
#include "runtime/text/word_splitter.h"

namespace weft {

// From the bytes of a word's spelling to those of the word, by spelling ever longer beginnings.
class SpellingAlignment {
 public:
  SpellingAlignment(std::string_view text, const TextToken& word, Normalization normalization)
      : text_(text.substr(0, word.end)),
        begin_(word.begin),
        plain_(utf8::find_non_ascii(text_, begin_) == text_.size()),
        normalization_(normalization),
        ends_{End{begin_, 0}} {}

  // The scalars of the text that make the bytes [begin, end) of the word's spelling; of a very long
  // word, all.
  TextSpan covered(std::size_t begin, std::size_t end) {
    if (plain_) return text_span(begin_ + begin, begin_ + end);
    if (text_.size() - begin_ > kLongest) return text_span(begin_, text_.size());
    while (ends_.back().spelled <= end && ends_.back().read < text_.size()) extend();
    const auto after = std::ranges::upper_bound(ends_, begin, {}, &End::spelled);
    const auto last = std::ranges::lower_bound(ends_, end, {}, &End::spelled);
    return text_span(std::prev(after)->read, (last == ends_.end() ? ends_.back() : *last).read);
  }

  // The same of a group of letters of `<spelling>`: the marks are no text.
  TextSpan covered(const Subword& group, std::size_t spelling_size) {
    const std::size_t begin = std::max<std::size_t>(group.begin, 1) - 1;
    return covered(begin, std::min(group.end - 1, spelling_size));
  }

 private:
  static constexpr std::size_t kLongest = 1024;  // bytes: the work is quadratic

  struct End {
    std::size_t read = 0;     // bytes of the text, up to the end of a scalar
    std::size_t spelled = 0;  // bytes of what the word is spelled as up to there
  };

  void extend() {
    End next = ends_.back();
    utf8::next(text_, next.read);
    std::string spelling;
    append_normalized(text_.substr(begin_, next.read - begin_), normalization_, spelling);
    next.spelled = std::max(next.spelled, spelling.size());
    if (next.spelled == ends_.back().spelled) ends_.pop_back();  // a mark that joins its letter
    ends_.push_back(next);
  }

  std::string_view text_;  // up to the end of the word
  std::size_t begin_;
  bool plain_;  // ASCII, whose spelling is as long
  Normalization normalization_;
  std::vector<End> ends_;  // both numbers ascend
};

}  // namespace weft
