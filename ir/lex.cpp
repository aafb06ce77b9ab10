// One pass over the bytes; every token knows its line and column.
#include "ir/lex.h"

#include <fmt/format.h>

#include <array>

namespace weft {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

class Lexer {
 public:
  Lexer(std::string_view text, const LexOptions& options) : text_(text), options_(options) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // a byte-order mark
  }

  std::vector<Token> run() {
    while (at_ < text_.size()) step();
    newline();
    emit(TokenKind::end, "", here());
    return std::move(tokens_);
  }

 private:
  SourceLocation here() const { return {line_, static_cast<std::uint32_t>(at_ - line_start_ + 1)}; }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void emit(TokenKind kind, std::string text, SourceLocation location) {
    tokens_.push_back({kind, std::move(text), location});
  }
  void newline() {
    if (options_.keep_newlines && !tokens_.empty() && tokens_.back().kind != TokenKind::newline) {
      emit(TokenKind::newline, "", here());
    }
  }

  void step() {
    const char c = peek();
    if (c == '\n') {
      newline();
      ++at_;
      ++line_;
      line_start_ = at_;
    } else if (is_space(c)) {
      ++at_;
    } else if (text_.substr(at_).starts_with(options_.comment_marker)) {
      comment();
    } else if (is_letter(c)) {
      const SourceLocation location = here();
      emit(TokenKind::identifier, name(), location);
    } else if (is_digit(c) || ((c == '-' || c == '.') && starts_number())) {
      number();
    } else if (c == '%' || c == '@') {
      sigil(c == '%' ? TokenKind::value : TokenKind::symbol);
    } else if (c == '"') {
      string();
    } else {
      punctuation();
    }
  }

  bool starts_number() const {
    return is_digit(peek(1)) || (peek() == '-' && peek(1) == '.' && is_digit(peek(2)));
  }

  void comment() {
    const SourceLocation location = here();
    at_ += options_.comment_marker.size();
    if (peek() == ' ') ++at_;
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    std::string_view body = text_.substr(begin, at_ - begin);
    while (!body.empty() && is_space(body.back())) body.remove_suffix(1);
    if (options_.keep_comments) emit(TokenKind::comment, std::string(body), location);
  }

  // Letters, digits and `_`, and `.` or `-` between them.
  std::string name() {
    const std::size_t begin = at_;
    const auto word = [&](char c) { return is_letter(c) || is_digit(c); };
    while (word(peek()) || ((peek() == '.' || peek() == '-') && word(peek(1)))) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  void number() {
    const SourceLocation location = here();
    const std::size_t begin = at_;
    if (peek() == '-') ++at_;
    while (is_digit(peek())) ++at_;
    if (peek() == '.') {
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    const bool sign = peek(1) == '-' || peek(1) == '+';
    if ((peek() == 'e' || peek() == 'E') && (is_digit(peek(1)) || (sign && is_digit(peek(2))))) {
      at_ += sign ? 2 : 1;
      while (is_digit(peek())) ++at_;
    }
    if (is_letter(peek())) {
      throw Error(location,
                  fmt::format("`{}{}` is neither a number nor a name",
                              text_.substr(begin, at_ - begin), name()),
                  "a name begins with a letter");
    }
    emit(TokenKind::number, std::string(text_.substr(begin, at_ - begin)), location);
  }

  void sigil(TokenKind kind) {
    const SourceLocation location = here();
    ++at_;
    if (!is_letter(peek()) && !is_digit(peek())) {
      throw Error(location, fmt::format("`{}` stands alone", text_[at_ - 1]),
                  "a name follows it at once: `%x`, `@train`");
    }
    emit(kind, name(), location);
  }

  void string() {
    const SourceLocation location = here();
    std::string body;
    ++at_;
    for (;; ++at_) {
      const char c = peek();
      if (at_ >= text_.size() || c == '\n') {
        throw Error(location, "this string is not closed on its line", "end it with \"");
      }
      if (c == '"') break;
      if (c != '\\') {
        body += c;
        continue;
      }
      ++at_;
      const char escaped = peek();
      if (escaped == 'n') {
        body += '\n';
      } else if (escaped == 't') {
        body += '\t';
      } else if (escaped == '"' || escaped == '\\') {
        body += escaped;
      } else {
        throw Error(here(), "unknown escape in a string", R"(known are \" \\ \n \t)");
      }
    }
    ++at_;
    emit(TokenKind::string, std::move(body), location);
  }

  void punctuation() {
    static constexpr std::array<std::string_view, 17> known = {
        "->", "<-", "<=", "(", ")", "[", "]", "{", "}", ",", ":", "=", "|", "+", "-", "*", "/"};
    for (const std::string_view mark : known) {
      if (!text_.substr(at_).starts_with(mark)) continue;
      emit(TokenKind::punctuation, std::string(mark), here());
      at_ += mark.size();
      return;
    }
    const auto byte = static_cast<unsigned char>(peek());
    if (byte < 0x20 || byte == 0x7F) {
      throw Error(here(), fmt::format("byte 0x{:02x} does not belong in a text file", byte));
    }
    std::size_t length = 1;
    while ((static_cast<unsigned char>(peek(length)) & 0xC0U) == 0x80U) ++length;
    const std::string_view mark = text_.substr(at_, byte < 0x80 ? 1 : length);
    throw Error(
        here(), fmt::format("`{}` means nothing here", mark),
        byte < 0x80 ? "" : "names are ASCII; other text goes into \"strings\" and comments");
  }

  std::string_view text_;
  LexOptions options_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
};

}  // namespace

std::vector<Token> lex(std::string_view text, LexOptions options) {
  return Lexer(text, options).run();
}

}  // namespace weft
