// Tokens with their places: the one lexer of IR text and of model descriptions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/diagnostic.h"

namespace weft {

enum class TokenKind : std::uint8_t {
  identifier,   // letters, digits, `_` and inner `.` and `-`: `max_pool`, `a.conv1d.weight`
  value,        // `%name`, without the sign in `text`
  symbol,       // `@name`, likewise
  number,       // 3, -0.5, 1e-3: `text` holds it as written
  string,       // "…" with \" \\ \n \t, unescaped in `text`
  comment,      // `// …` or `# …` to the end of the line, without the marker
  punctuation,  // ( ) [ ] { } , : = | + - * / and -> <- <=
  newline,      // only where `keep_newlines` was asked for; never doubled
  end
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;
  SourceLocation location;

  bool is(std::string_view punctuation) const {
    return kind == TokenKind::punctuation && text == punctuation;
  }
};

// Every token of `text`, the last of kind `end`. Throws Error on a stray character, an unclosed
// string or invalid UTF-8. IR text comments with `//`; model descriptions with `#`.
struct LexOptions {
  std::string_view comment_marker = "//";
  bool keep_comments = false;
  bool keep_newlines = false;
};
std::vector<Token> lex(std::string_view text, LexOptions = {});

}  // namespace weft
