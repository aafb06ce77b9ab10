// fastText's format: `__label__x __label__y text`. As fastText reads it, a word that begins with
// `__label__` is a label wherever it stands.
#include <fmt/format.h>

#include "frontend/data/data_format.h"
#include "frontend/data/read_context.h"
#include "runtime/text/subwords.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

// The next word of `rest`, which moves behind it; words end at ASCII white space, as fastText's do.
std::string_view next_word(std::string_view& rest) {
  const std::size_t begin = utf8::skip_ascii_space(rest, 0);
  const std::size_t end = utf8::find_ascii_space(rest, begin);
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

bool holds_label(std::string_view line) {
  for (std::size_t at = 0; (at = line.find(kLabelPrefix, at)) != std::string_view::npos; ++at) {
    if (at == 0 || utf8::is_ascii_space(line[at - 1])) return true;
  }
  return false;
}

class FasttextRows : public RowSource {
 public:
  explicit FasttextRows(ReadContext& context) : context_(context) {}

  bool next() override {
    std::string_view line;
    if (!context_.next_line(line)) {
      finish();
      return false;
    }
    read(trim(line));
    return true;
  }

 private:
  void read(std::string_view rest) {
    const std::size_t number = context_.lines().line();
    context_.begin_example(number);
    labels_ = 0;
    while (rest.starts_with(kLabelPrefix)) {
      add_label(next_word(rest));
      rest = trim(rest);
    }
    if (rest.find(kLabelPrefix) == std::string_view::npos) {
      context_.add_text(rest);
    } else {
      read_mixed(rest);
    }
    if (labels_ == 0 && context_.options().labels) {
      throw BadRow{number, 1, "no word of the line begins with `__label__`",
                   "Add one, or give another --format."};
    }
    context_.finish_example();
  }

  void add_label(std::string_view word) {
    ++labels_;
    if (context_.options().labels) context_.add_label(word.substr(kLabelPrefix.size()));
  }

  // Labels are among the words, or behind them. A comma between two labels separates them only.
  void read_mixed(std::string_view rest) {
    text_.clear();
    const char* copied = rest.data();  // up to here, to text_ or as a label
    bool after_label = labels_ > 0;
    while (!rest.empty()) {
      const std::string_view word = next_word(rest);
      const bool label = word.starts_with(kLabelPrefix);
      if (label) add_label(word);
      if (label || (word == "," && after_label && trim(rest).starts_with(kLabelPrefix))) {
        append({copied, static_cast<std::size_t>(word.data() - copied)});
        copied = word.data() + word.size();
      } else if (word.find(kLabelPrefix) != std::string_view::npos) {
        inner_.at(context_.lines().line());
      }
      after_label = label;
    }
    append({copied, static_cast<std::size_t>(rest.data() - copied)});
    context_.add_text(text_);
  }

  void append(std::string_view words) {
    words = trim(words);
    if (!words.empty() && !text_.empty()) text_ += ' ';
    text_ += words;
  }

  void finish() {
    if (inner_.count == 0) return;
    context_.remark(fmt::format(
        "{} line{} `__label__` inside a word, where it begins no label ({}): are two lines "
        "joined there?",
        inner_.count, inner_.count == 1 ? " has" : "s have", inner_.where()));
  }

  ReadContext& context_;
  std::string text_;
  std::size_t labels_ = 0;  // of this line
  Sighting inner_;
};

std::unique_ptr<RowSource> open_fasttext(ReadContext& context) {
  return std::make_unique<FasttextRows>(context);
}

}  // namespace

// Its files have no extension of their own.
const DataFormat formats::fasttext = {
    "fasttext", "`__label__x __label__y text`", {}, open_fasttext, holds_label};

}  // namespace weft
