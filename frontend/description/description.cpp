// The parser of model descriptions: recursive descent, one statement at a time, so that one bad
// line does not hide the next.
#include "frontend/description/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <unordered_map>

#include "frontend/format/suggest.h"
#include "ir/file.h"
#include "ir/lex.h"

namespace weft {
namespace {

// Descriptions are untrusted input: expressions are trees, and trees are walked recursively.
constexpr int kDeepestNesting = 100;  // of parentheses
constexpr int kMaxOperators = 500;    // in a statement

Attr number_of(const Token& token) {
  const std::string& text = token.text;
  const char* end = text.data() + text.size();
  std::int64_t integer = 0;
  if (auto [at, bad] = std::from_chars(text.data(), end, integer);
      bad == std::errc{} && at == end) {
    return integer;
  }
  double number = 0;
  if (auto [at, bad] = std::from_chars(text.data(), end, number); bad == std::errc{} && at == end) {
    return number;
  }
  throw Error(token.location, fmt::format("{} is too large a number", text));
}

class Parser {
 public:
  Parser(std::string_view source, std::string_view file) {
    description_.file = file;
    description_.source = source;
    tokens_ = lex(source, {.comment_marker = "#", .keep_newlines = true});
  }

  Description run() {
    while (peek().kind != TokenKind::end) {
      if (peek().kind == TokenKind::newline) {
        next();
        continue;
      }
      try {
        statement();
      } catch (const Error& e) {
        note(e);
        skip_statement();
      }
    }
    if (errors_.empty()) check_whole();
    if (!errors_.empty()) throw Error(errors_);
    return std::move(description_);
  }

 private:
  const Token& peek() {
    if (depth_ > 0) {
      while (tokens_[at_].kind == TokenKind::newline) ++at_;
    }
    return tokens_[at_];
  }
  Token next() {
    Token token = peek();
    if (token.kind != TokenKind::end) ++at_;
    return token;
  }
  bool accept(std::string_view mark) {
    if (!peek().is(mark)) return false;
    next();
    return true;
  }
  static std::string shown(const Token& token) {
    if (token.kind == TokenKind::end) return "the end of the file";
    if (token.kind == TokenKind::newline) return "the end of the line";
    if (token.kind == TokenKind::string) return fmt::format("\"{}\"", token.text);
    return fmt::format("`{}`", token.text);
  }
  [[noreturn]] void fail_expected(const std::string& wanted, std::string remedy = {}) {
    throw Error(peek().location, fmt::format("expected {}, found {}", wanted, shown(peek())),
                std::move(remedy));
  }
  void note(const Error& e) {
    errors_.insert(errors_.end(), e.diagnostics().begin(), e.diagnostics().end());
  }
  // To the end of the statement: of the line, or inside parentheses to where they close or, should
  // that be what is wrong, to the next line that is not indented.
  void skip_statement() {
    for (; tokens_[at_].kind != TokenKind::end; ++at_) {
      const Token& token = tokens_[at_];
      const bool inside = depth_ > 0 && tokens_[at_ + 1].location.column > 1;
      if (token.kind == TokenKind::newline && !inside) break;
      if (token.is("(")) ++depth_;
      if (token.is(")") && depth_ > 0) --depth_;
    }
  }

  void statement() {
    depth_ = 0;
    operators_ = 0;
    const Token& first = peek();
    if (first.kind != TokenKind::identifier) {
      fail_expected("a statement",
                    "`name = layers…`, or a line that begins with one of: model "
                    "text output train tune");
    }
    const bool assigned = tokens_[at_ + 1].is("=");
    if (assigned) {
      binding();
    } else if (first.text == "model") {
      header();
    } else if (first.text == "text") {
      settings_line(description_.text);
    } else if (first.text == "output") {
      output();
    } else if (first.text == "train") {
      train();
    } else if (first.text == "tune") {
      settings_line(description_.tune);
    } else {
      static const std::vector<std::string> keywords = {"model", "text", "output", "train", "tune"};
      const std::string near = nearest(first.text, keywords);
      throw Error(first.location, fmt::format("`{}` begins no statement", first.text),
                  near.empty() ? "to name a value, write `name = …`; other lines begin with model, "
                                 "text, output, train or tune"
                               : fmt::format("did you mean `{}`?", near));
    }
    if (peek().kind != TokenKind::newline && peek().kind != TokenKind::end) {
      fail_expected("the end of the statement",
                    peek().kind == TokenKind::identifier
                        ? "layers are joined with `|`, arguments with `,`"
                        : "");
    }
  }

  void once(bool given, const Token& keyword) {
    if (!given) return;
    throw Error(keyword.location, fmt::format("there is a second `{}` line", keyword.text),
                "keep one of them");
  }

  void header() {
    const Token keyword = next();
    once(!description_.name.empty(), keyword);
    if (peek().kind != TokenKind::identifier) fail_expected("the model's name");
    description_.name = next().text;
  }

  void binding() {
    const Token name = next();
    static const std::vector<std::string> taken = {"model", "text", "output",
                                                   "train", "tune", "labels"};
    if (std::ranges::find(taken, name.text) != taken.end()) {
      throw Error(name.location, fmt::format("`{}` is a word of the language", name.text),
                  "choose another name for the value");
    }
    if (name.text.find_first_of(".-") != std::string::npos) {
      throw Error(name.location,
                  fmt::format("a name holds letters, digits and `_`, not `{}`", name.text),
                  "dots are used in the names of weights, `a.conv1d.weight`");
    }
    const auto [earlier, fresh] = named_on_.emplace(name.text, name.location.line);
    if (!fresh) {
      throw Error(name.location,
                  fmt::format("`{}` is named twice, first on line {}", name.text, earlier->second),
                  "each name stands for one value; choose another");
    }
    next();  // =
    description_.bindings.push_back(
        {name.text, {}, name.location});  // known even if its value is bad
    description_.bindings.back().value = expression();
  }

  void settings_line(SettingsLine& line) {
    const Token keyword = next();
    once(line.location.line != 0, keyword);
    line.location = keyword.location;
    while (peek().kind == TokenKind::identifier) {
      const Token name = next();
      if (!accept("=")) fail_expected(fmt::format("`=` after `{}`", name.text));
      line.settings.push_back({name.text, sum(), name.location});
      accept(",");
    }
  }

  void output() {
    const Token keyword = next();
    once(!description_.output.name.empty(), keyword);
    description_.output = expression();
  }

  void train() {
    const Token keyword = peek();
    once(description_.train.location.line != 0, keyword);
    const Token& optimizer = tokens_[at_ + 1];
    if (optimizer.kind == TokenKind::identifier && !tokens_[at_ + 2].is("=")) {
      ++at_;  // the keyword: settings_line reads one token, and here that is the optimizer's last
      description_.optimizer = call();
      --at_;
    }
    settings_line(description_.train);
    description_.train.location = keyword.location;
  }

  // expression := sum (`|` layer)*
  Expression expression() {
    Expression value = sum();
    for (;;) {
      if (peek().kind == TokenKind::newline && tokens_[at_ + 1].is("|")) ++at_;
      if (!peek().is("|")) return value;
      count_operator();
      next();
      if (peek().kind != TokenKind::identifier) fail_expected("a layer after `|`");
      Expression layer = call();
      Argument piped{"", std::move(value), {}};
      piped.location = piped.value.location;
      layer.arguments.insert(layer.arguments.begin(), std::move(piped));
      value = std::move(layer);
      for (const std::string_view mark : {"+", "-", "*", "/"}) {
        if (!peek().is(mark)) continue;
        throw Error(peek().location, fmt::format("`{}` after a pipe", mark),
                    fmt::format("put the pipe in parentheses: `(x | {}) {} …`", value.name, mark));
      }
    }
  }

  Expression sum() {
    Expression left = product();
    while (peek().is("+") || peek().is("-")) left = binary(std::move(left), &Parser::product);
    return left;
  }

  Expression product() {
    Expression left = primary();
    while (peek().is("*") || peek().is("/")) left = binary(std::move(left), &Parser::primary);
    return left;
  }

  Expression binary(Expression left, Expression (Parser::*right)()) {
    count_operator();
    const Token mark = next();
    Expression both{Expression::Kind::binary, std::int64_t{0}, mark.text, {}, mark.location};
    Argument first{"", std::move(left), {}};
    first.location = first.value.location;
    both.arguments.push_back(std::move(first));
    Expression value = (this->*right)();
    const SourceLocation location = value.location;
    both.arguments.push_back({"", std::move(value), location});
    return both;
  }

  Expression primary() {
    const Token& token = peek();
    if (token.kind == TokenKind::number) {
      Expression number{Expression::Kind::literal, number_of(token), "", {}, token.location};
      next();
      return number;
    }
    if (token.kind == TokenKind::string) {
      Expression text{Expression::Kind::literal, token.text, "", {}, token.location};
      next();
      return text;
    }
    if (token.kind == TokenKind::identifier) {
      if (tokens_[at_ + 1].is("(")) return call();
      const Token name = next();
      return {Expression::Kind::name, std::int64_t{0}, name.text, {}, name.location};
    }
    if (token.is("(")) {
      open();
      Expression inside = expression();
      close();
      return inside;
    }
    fail_expected("a value", "a value is a number, a name or a layer such as conv1d(channels=100)");
  }

  // call := name [`(` [argument (`,` argument)*] `)`]
  Expression call() {
    const Token name = next();
    Expression layer{Expression::Kind::call, std::int64_t{0}, name.text, {}, name.location};
    if (!peek().is("(")) return layer;
    open();
    while (!peek().is(")")) {
      layer.arguments.push_back(argument());
      if (!peek().is(")") && !accept(",")) {
        fail_expected("`,` or `)`", fmt::format("the arguments of `{}` on line {} are separated "
                                                "by commas",
                                                name.text, name.location.line));
      }
    }
    close();
    return layer;
  }

  Argument argument() {
    const SourceLocation location = peek().location;
    std::string name;
    if (peek().kind == TokenKind::identifier && tokens_[at_ + 1].is("=")) {
      name = next().text;
      next();
    }
    return {std::move(name), expression(), location};
  }

  void count_operator() {
    if (++operators_ <= kMaxOperators) return;
    throw Error(peek().location,
                fmt::format("more than {} operators in one statement", kMaxOperators),
                "name a part of it");
  }

  void open() {
    if (depth_ == kDeepestNesting) {
      throw Error(peek().location, fmt::format("more than {} nested parentheses", kDeepestNesting),
                  "name a part of it");
    }
    next();
    ++depth_;
  }
  void close() {
    if (!peek().is(")")) fail_expected("`)`");
    ++at_;
    --depth_;  // after the token: a newline behind it ends the statement
  }

  void check_whole() {
    if (description_.name.empty()) {
      errors_.push_back({{1, 1}, "the description has no name", "begin it with `model NAME`"});
    }
    if (description_.output.name.empty()) {
      errors_.push_back({{1, 1},
                         "there is no output",
                         "end with `output softmax(logits)`, or sigmoid(logits) where a text can "
                         "have several labels"});
    }
  }

  Description description_;
  std::unordered_map<std::string, std::uint32_t> named_on_;  // the lines of the names so far
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;  // open parentheses: newlines inside mean nothing
  int operators_ = 0;
  std::vector<Diagnostic> errors_;
};

}  // namespace

namespace {

// An editor of old Macs ends lines with a carriage return alone.
std::string with_newlines(std::string_view source) {
  std::string text(source);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) text[i] = '\n';
  }
  return text;
}

}  // namespace

Description parse_description(std::string_view given, std::string_view file) {
  const std::string source = with_newlines(given);
  try {
    return Parser(source, file).run();
  } catch (const Error& e) {
    throw e.in(file, source);
  }
}

Description read_description(const std::string& path) {
  return parse_description(read_text_file(path), path);
}

std::string without_command(std::string_view source) {
  if (!source.starts_with(kMadeBy)) return std::string(source);
  const std::size_t end = std::min(source.find('\n'), source.size());
  return std::string(kMadeBy) + "weft tune" + std::string(source.substr(end));
}

}  // namespace weft
