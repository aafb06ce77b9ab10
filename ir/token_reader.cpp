// Tokens one by one, and the values of attributes.
#include "ir/token_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <type_traits>
#include <utility>

namespace weft {

const Token& TokenReader::peek() {
  while (tokens_[at_].kind == TokenKind::comment) {
    const Token& token = tokens_[at_++];
    (token.location.line == last_line_ ? trailing_ : comments_).push_back(token.text);
  }
  return tokens_[at_];
}

Token TokenReader::next() {
  Token token = peek();
  if (token.kind != TokenKind::end) ++at_;
  last_line_ = token.location.line;
  return token;
}

bool TokenReader::is_word(std::string_view word) {
  return peek().kind == TokenKind::identifier && peek().text == word;
}

bool TokenReader::accept(std::string_view text) {
  const bool same = peek().is(text) || is_word(text);
  if (same) next();
  return same;
}

void TokenReader::expect(std::string_view text) {
  if (!accept(text)) fail(fmt::format("`{}` should stand here", text));
}

Token TokenReader::expect(TokenKind kind, std::string_view what) {
  if (peek().kind != kind) fail(fmt::format("{} should stand here", what));
  return next();
}

void TokenReader::fail(const std::string& message, std::string remedy) {
  const Token& token = peek();
  const std::string found =
      token.kind == TokenKind::end ? "the text ends" : "found `" + token.text + "`";
  throw Error(token.location, fmt::format("{}; {}", message, found), std::move(remedy));
}

std::vector<std::string> TokenReader::take_comments() { return std::exchange(comments_, {}); }

void TokenReader::take_trailing(std::vector<std::string>& comments) {
  peek();
  for (std::string& comment : trailing_) comments.push_back(std::move(comment));
  trailing_.clear();
}

namespace {

template <class T>
T number(const Token& token) {
  T value{};
  const char* end = token.text.data() + token.text.size();
  const auto [stop, problem] = std::from_chars(token.text.data(), end, value);
  if (problem != std::errc{} || stop != end) {
    throw Error(token.location, fmt::format("`{}` is not a {} in range", token.text,
                                            std::is_integral_v<T> ? "whole number" : "number"));
  }
  return value;
}

bool is_float(const Token& token) { return token.text.find_first_of(".eE") != std::string::npos; }

bool is_special(const Token& token) {
  return token.kind == TokenKind::identifier && (token.text == "inf" || token.text == "nan");
}
double special(const Token& token) {
  return token.text == "inf" ? std::numeric_limits<double>::infinity()
                             : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::int64_t TokenReader::integer(std::string_view what) {
  return number<std::int64_t>(expect(TokenKind::number, what));
}

Attrs TokenReader::attributes() {
  Attrs attrs;
  while (peek().kind == TokenKind::identifier && after_next().is("=")) {
    const Token name = next();
    expect("=");
    if (!attrs.emplace(name.text, attribute()).second) {
      throw Error(name.location, fmt::format("`{}` is given twice", name.text));
    }
  }
  return attrs;
}

Attr TokenReader::attribute() {
  if (peek().kind == TokenKind::string) return next().text;
  if (accept("[")) return list_attribute();
  if (is_special(peek())) return special(next());
  const Token token = expect(TokenKind::number, "a number, \"text\" or [list]");
  if (is_float(token)) return number<double>(token);
  return number<std::int64_t>(token);
}

Attr TokenReader::list_attribute() {
  std::vector<Token> items;
  bool floats = false;
  while (!accept("]")) {
    if (!items.empty()) expect(",");
    items.push_back(is_special(peek()) ? next() : expect(TokenKind::number, "a number"));
    floats |= is_float(items.back()) || is_special(items.back());
  }
  if (!floats) {
    std::vector<std::int64_t> whole;
    for (const Token& item : items) whole.push_back(number<std::int64_t>(item));
    return whole;
  }
  std::vector<double> numbers;
  for (const Token& item : items) {
    numbers.push_back(is_special(item) ? special(item) : number<double>(item));
  }
  return numbers;
}

}  // namespace weft
