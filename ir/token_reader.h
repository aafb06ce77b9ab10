// Reads tokens for the parser of IR text, one after the other, with comments set aside; also
// numbers and attributes, which need nothing but tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "ir/lex.h"

namespace weft {

class TokenReader {
 public:
  explicit TokenReader(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& peek();  // gathers the comments that stand before it
  Token next();
  const Token& after_next() {  // never called at the end
    peek();
    return tokens_[at_ + 1];
  }
  // For a second look at what has been read.
  std::size_t position() const { return at_; }
  const Token& token_at(std::size_t position) const { return tokens_[position]; }

  bool is_word(std::string_view word);
  bool accept(std::string_view text);  // reads a word or sign if it is this one
  void expect(std::string_view text);
  Token expect(TokenKind kind, std::string_view what);
  [[noreturn]] void fail(const std::string& message, std::string remedy = {});

  // The comments on lines of their own that were read and not yet taken.
  std::vector<std::string> take_comments();
  // Appends the comments that stand behind a statement on its line.
  void take_trailing(std::vector<std::string>& comments);

  std::int64_t integer(std::string_view what);
  Attrs attributes();  // `name=value` as often as there are any

 private:
  Attr attribute();
  Attr list_attribute();

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::uint32_t last_line_ = 0;
  std::vector<std::string> comments_;  // on lines of their own, not yet taken
  std::vector<std::string> trailing_;  // on the line of the last token
};

}  // namespace weft
