// The words that BERT reads: control characters dropped, Chinese characters apart, accents taken
// off, lower case; then cut at white space, each punctuation mark a word of its own.
//
// Every step works on single characters, so that a text is read once, front to back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/plan/plan.h"
#include "runtime/text/encoder.h"
#include "runtime/text/normalize.h"
#include "runtime/text/unicode_classes.h"
#include "runtime/text/utf8.h"

namespace weft {

// The word at hand, and the memory to find the next.
struct BertWord {
  std::string spelling;
  std::vector<TextSpan> origins;  // of each byte of the spelling, where spans are asked for
  std::int64_t characters = 0;    // once there are too many, they are counted only
  TextSpan first{}, last{};       // the origins of its first and last character

  TextSpan whole() const { return {first.begin, last.end}; }
  TextSpan span(std::size_t begin, std::size_t end) const {
    return {origins[begin].begin, origins[end - 1].end};
  }

  // Marks behind a letter, until all of them are read: they are sorted by combining class.
  struct Mark {
    char32_t c;
    std::uint8_t combining_class;
    bool inserted;  // a later part of a decomposed character
    TextSpan origin;
  };
  std::vector<Mark> marks;
  std::vector<TextSpan> mark_origins;
  TextSpan last_origin{};  // of the character before the marks
};

// Sorts the marks by combining class. Their origins stay in the order of the text: what a character
// decomposes to goes with the origin before it.
void order_marks(BertWord& word);

class BertReader {
 public:
  explicit BertReader(const TextSettings& text);

  // Calls `use()` with each word of the bytes [begin, end) of a text in `word`, until it returns
  // false.
  template <class Use>
  void read(std::string_view text, std::size_t begin, std::size_t end, bool spans, BertWord& word,
            Use&& use) const {
    Pass<Use> pass{*this, text, spans, word, use};
    pass.clear();
    word.marks.clear();
    while (begin < end && pass.more) begin = pass.next(begin, end);
    if (pass.more) pass.end_word();
  }

 private:
  enum class Kind : std::uint8_t { letter, space, mark, ignored, unicode };

  template <class Use>
  struct Pass;

  std::array<Kind, 256> kinds_{};  // of bytes
  bool clean_, split_chinese_, strip_accents_, lowercase_;
  std::int64_t max_word_;
};

// One reading of one text.
template <class Use>
struct BertReader::Pass {
  const BertReader& reader;
  std::string_view text;
  bool spans;
  BertWord& word;
  Use& use;
  bool more = true;

  // Reads what begins at `begin`; returns where it ends.
  std::size_t next(std::size_t begin, std::size_t end) {
    const auto kind_at = [&](std::size_t i) {
      return reader.kinds_[static_cast<unsigned char>(text[i])];
    };
    std::size_t position = begin + 1;
    switch (kind_at(begin)) {
      case Kind::letter:
        while (position < end && kind_at(position) == Kind::letter) ++position;
        add_ascii(begin, position);
        return position;
      case Kind::space:
        end_word();
        return position;
      case Kind::mark:
        end_word();
        if (more) add_ascii(begin, position);
        end_word();
        return position;
      case Kind::ignored:
        return position;
      case Kind::unicode:
        break;
    }
    position = begin;
    const char32_t c = utf8::next(text.substr(0, end), position);
    read_character(c, text_span(begin, position));
    return position;
  }

  void add_ascii(std::size_t begin, std::size_t end) {
    if (!word.marks.empty()) sort_marks();
    if (word.characters == 0) word.first = text_span(begin, begin + 1);
    word.last = word.last_origin = text_span(end - 1, end);
    const bool room = word.characters <= reader.max_word_;
    word.characters += static_cast<std::int64_t>(end - begin);
    if (!room) return;
    const std::size_t size = word.spelling.size();
    word.spelling.append(text, begin, end - begin);
    if (reader.lowercase_) {
      lowercase_ascii(word.spelling.data() + size, word.spelling.data() + word.spelling.size());
    }
    for (std::size_t i = begin; spans && i < end; ++i) word.origins.push_back(text_span(i, i + 1));
  }

  void read_character(char32_t c, TextSpan origin) {
    const unsigned classes = character_classes()[c];
    if (reader.clean_ && (classes & kIgnored) != 0) return;
    if ((classes & kSpace) != 0) return end_word();
    const bool alone = reader.split_chinese_ && (classes & kChinese) != 0;
    if (alone) end_word();
    if (!more) return;
    decompose(c, origin);
    if (alone) end_word();
  }

  void decompose(char32_t c, TextSpan origin) {
    // Nearly all Chinese text is its own decomposition, as are the scripts around it.
    if (!reader.strip_accents_ || (c >= 0x3400 && c < 0xA000)) {
      if (!word.marks.empty()) sort_marks();
      word.last_origin = origin;
      return lower(c, origin);
    }
    char32_t parts[kMostParts];
    const int count = weft::decompose(c, parts);
    for (int i = 0; i < count; ++i) {
      const std::uint8_t combining = combining_class(parts[i]);
      if (combining != 0) {
        word.marks.push_back({parts[i], combining, i > 0, origin});
        continue;
      }
      sort_marks();
      word.last_origin = origin;
      if (more) strip(parts[i], origin);
    }
  }

  void sort_marks() {
    std::vector<BertWord::Mark>& marks = word.marks;
    if (marks.size() > 1) order_marks(word);
    for (const BertWord::Mark& mark : marks) {
      if (more) strip(mark.c, mark.origin);
      word.last_origin = mark.origin;
    }
    marks.clear();
  }

  void strip(char32_t c, TextSpan origin) {
    if ((character_classes()[c] & kAccent) == 0) lower(c, origin);
  }

  void lower(char32_t c, TextSpan origin) {
    if (!reader.lowercase_) return add(c, origin);
    if (c != 0x130) return add(lower_case(c), origin);
    add('i', origin);
    add(0x307, origin);
  }

  void add(char32_t c, TextSpan origin) {
    const bool mark = (character_classes()[c] & kPunctuation) != 0;
    if (mark) cut();
    if (!more) return;
    if (word.characters == 0) word.first = origin;
    word.last = origin;
    if (word.characters++ <= reader.max_word_) {
      utf8::append(c, word.spelling);
      if (spans) word.origins.resize(word.spelling.size(), origin);
    }
    if (mark) cut();
  }

  void end_word() {
    if (!word.marks.empty()) sort_marks();
    cut();
  }

  void cut() {
    if (word.characters == 0 || !more) return;
    more = use();
    clear();
  }

  void clear() {
    word.spelling.clear();
    word.origins.clear();
    word.characters = 0;
  }
};

}  // namespace weft
