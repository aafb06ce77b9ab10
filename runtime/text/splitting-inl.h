// How a text is walked, for the files of tokenizers that cut it into words: they give the rules.
//
//   struct Rules {
//     static constexpr bool kKeepsBlanks;  // whether a control character can be a word
//     // The end of the word that begins at `begin`, where there is no white space.
//     static std::size_t ascii_end(std::string_view ascii, std::size_t begin);
//     // Pushes the words of a piece without ASCII white space.
//     static void unicode(Splitting&, std::size_t begin, std::size_t end);
//   };
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/text/unicode.h"
#include "runtime/text/utf8.h"
#include "runtime/text/word_splitter.h"

namespace weft {

// White space, control and format characters: nothing a reader sees.
constexpr bool is_ascii_blank(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; }
inline bool is_blank(char32_t scalar) {
  if (scalar < 0x80) return is_ascii_blank(static_cast<char>(scalar));
  return is_control_or_format(scalar) || is_white_space(scalar);
}

// One text on its way to words. Positions are bytes of the original text.
class Splitting {
 public:
  Splitting(std::string_view text, Normalization normalization, std::size_t limit,
            WordBuffer& buffer)
      : text_(text), normalization_(normalization), limit_(limit), buffer_(buffer) {}

  template <class Rules>
  void run() {
    for (std::size_t position = 0; position < text_.size() && !full();) {
      // The ASCII stretch ends at its last white space: what follows may belong to a longer word.
      std::size_t end = utf8::find_non_ascii(text_, position);
      if (end < text_.size()) {
        while (end > position && !utf8::is_ascii_space(text_[end - 1])) --end;
      }
      if (end > position) {
        ascii<Rules>(position, end);
      } else {
        end = utf8::find_ascii_space(text_, position);
        Rules::unicode(*this, position, end);
      }
      position = end;
    }
  }

  std::string_view text() const { return text_; }
  bool full() const { return buffer_.tokens_.size() >= limit_; }
  WordBreaker& breaker();
  // Before any word: words may be pushed as they are given, whatever their bytes.
  void spell_as_given() { buffer_.text_.assign(text_); }
  void push_as_given(std::size_t begin, std::size_t end) { add(begin, end, begin, end); }
  void push_mark(std::string_view mark) {  // a word that stands for no bytes of the text
    std::string& spelling = buffer_.text_;
    spelling.append(mark);
    add(spelling.size() - mark.size(), spelling.size(), 0, 0);
  }
  void push(std::size_t begin, std::size_t end) {  // a word
    std::string& spelling = buffer_.text_;
    const std::size_t spelling_begin = spelling.size();
    append_normalized(text_.substr(begin, end - begin), normalization_, spelling);
    if (spelling.size() == spelling_begin) return;  // nothing that is seen
    add(spelling_begin, spelling.size(), begin, end);
  }

 private:
  void add(std::size_t spelling_begin, std::size_t spelling_end, std::size_t begin,
           std::size_t end) {
    buffer_.tokens_.push_back({static_cast<std::uint32_t>(spelling_begin),
                               static_cast<std::uint32_t>(spelling_end),
                               static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  }

  template <class Rules>
  void ascii(std::size_t begin, std::size_t end) {
    std::string& spelling = buffer_.text_;
    const std::size_t spelling_begin = spelling.size();
    spelling.append(text_.substr(begin, end - begin));
    if (normalization_.lowercase) {
      lowercase_ascii(spelling.data() + spelling_begin, spelling.data() + spelling.size());
    }
    const std::string_view stretch = text_.substr(0, end);
    for (std::size_t position = utf8::skip_ascii_space(stretch, begin); position < end && !full();
         position = utf8::skip_ascii_space(stretch, position)) {
      const std::size_t from = position;
      position = Rules::ascii_end(stretch, from);
      if (!Rules::kKeepsBlanks && is_ascii_blank(stretch[from])) continue;
      add(spelling_begin + (from - begin), spelling_begin + (position - begin), from, position);
    }
  }

  std::string_view text_;
  Normalization normalization_;
  std::size_t limit_;
  WordBuffer& buffer_;
};

// A SplitWords.
template <class Rules>
void split_by(std::string_view text, Normalization normalization, std::size_t limit,
              WordBuffer& buffer) {
  Splitting(text, normalization, limit, buffer).run<Rules>();
}

}  // namespace weft
