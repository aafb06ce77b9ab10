// Recursive descent, one function per line of the grammar; a bad line is reported and skipped.
#include "ir/parse.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "ir/op.h"
#include "ir/token_reader.h"

namespace weft {
namespace {

class Parser : private TokenReader {
 public:
  explicit Parser(std::vector<Token> tokens) : TokenReader(std::move(tokens)) {}

  std::vector<Graph> run() {
    std::vector<Graph> graphs;
    while (peek().kind != TokenKind::end) {
      try {
        graphs.push_back(program());
      } catch (const Error& error) {
        note(error);
        while (peek().kind != TokenKind::end && !is_word("program")) next();
      }
    }
    if (!problems_.empty()) throw Error(std::move(problems_));
    if (!graphs.empty()) {
      std::vector<std::string>& last = graphs.back().closing_comments;
      take_trailing(last);
      for (std::string& comment : take_comments()) last.push_back(std::move(comment));
    }
    return graphs;
  }

 private:
  struct Poisoned {};  // a statement uses what a bad line would have defined: said once, not again

  void note(const Error& error) {
    problems_.insert(problems_.end(), error.diagnostics().begin(), error.diagnostics().end());
  }
  Graph program() {
    graph_ = Graph();
    parts_.clear();
    poisoned_.clear();
    peek();
    graph_.comments = take_comments();
    expect("program");
    graph_.name = expect(TokenKind::symbol, "the program's `@name`").text;
    graph_.attrs = attributes();
    expect("{");
    take_trailing(graph_.comments);
    while (!peek().is("}")) {
      if (peek().kind == TokenKind::end) fail("`}` should close the program");
      const std::uint32_t line = peek().location.line;
      const std::size_t begin = position();
      try {
        statement();
        continue;
      } catch (const Error& error) {
        note(located(error, line));
      } catch (const Poisoned&) {
        WEFT_CHECK(!problems_.empty());  // its cause has been reported
      }
      skip_line(line);
      poison(begin);
    }
    close_comments();
    next();
    settle_parts();
    if (accept("arena")) graph_.arena_bytes = integer("the arena's size in bytes");
    return std::move(graph_);
  }

  void settle_parts() {
    for (const auto& [part, whole] : parts_) {
      const std::optional<ValueId> id = graph_.find(whole.text);
      if (id) {
        graph_[part].storage->base = *id;
      } else if (!poisoned_.contains(whole.text)) {
        note(Error(whole.location, fmt::format("%{} is not defined in this program", whole.text)));
      }
    }
  }

  // Rules of the graph that know no place are reported at the statement's.
  static Error located(const Error& error, std::uint32_t line) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    for (Diagnostic& d : diagnostics) {
      if (d.location.line == 0) d.location = {line, 3};
    }
    return Error(std::move(diagnostics));
  }
  void skip_line(std::uint32_t line) {
    take_comments();
    while (peek().kind != TokenKind::end && peek().location.line <= line && !peek().is("}")) next();
  }

  // Marks the names that the statement at `begin` would have defined: those before `=`, `:` or `<`.
  void poison(std::size_t begin) {
    for (std::size_t i = begin; i < position(); ++i) {
      const Token& token = token_at(i);
      const bool name = token.kind == TokenKind::value || token.kind == TokenKind::identifier;
      if (name) poisoned_.insert(token.text);
      if (!name && !token.is(",")) return;
    }
  }

  void statement() {
    if (accept("symbol")) return symbol(/*derived=*/false);
    if (accept("derived")) return symbol(/*derived=*/true);
    if (accept("input")) return declaration(Role::input);
    if (accept("param")) return declaration(Role::param);
    if (accept("state")) return declaration(Role::state);
    if (accept("write")) return write();
    if (accept("return")) return results();
    if (peek().kind == TokenKind::value) return node();
    fail("a statement should stand here",
         "statements are symbol, input, param, state, `%x = op(...)`, write and return");
  }

  void symbol(bool derived) {
    const Token token = expect(TokenKind::identifier, "the symbol's name");
    expect("<=");
    const std::int64_t capacity = integer("the symbol's capacity");
    if (capacity < 0) throw Error(token.location, "a capacity cannot be negative");
    if (graph_.find_symbol(token.text) != nullptr) {
      throw Error(token.location, fmt::format("{} is declared twice", token.text));
    }
    graph_.symbol(token.text, capacity, derived);
  }

  void declaration(Role role) {
    std::vector<std::string> comments = take_comments();
    const std::string name = expect(TokenKind::value, "the value's `%name`").text;
    expect(":");
    TensorType declared = type();
    Attrs attrs = attributes();
    const ValueId id = graph_.declare(role, name, std::move(declared), std::move(attrs));
    graph_[id].storage = storage();
    take_trailing(comments);
    graph_[id].comments = std::move(comments);
  }

  void close_comments() {
    for (std::string& comment : take_comments()) {
      graph_.closing_comments.push_back(std::move(comment));
    }
  }

  void write() {
    close_comments();
    const ValueId target = operand();
    expect("<-");
    graph_.writes.push_back({target, operand()});
    take_trailing(graph_.closing_comments);
  }

  void results() {
    close_comments();
    do {
      graph_.results.push_back(operand());
    } while (accept(","));
    take_trailing(graph_.closing_comments);
  }

  ValueId operand() {
    if (accept("_")) return kNoValue;
    const Token token = expect(TokenKind::value, "a `%value`");
    const auto id = graph_.find(token.text);
    if (!id) {
      if (poisoned_.contains(token.text)) throw Poisoned{};
      throw Error(token.location, fmt::format("%{} is not defined above this line", token.text));
    }
    return *id;
  }

  struct Output {
    Token name;
    std::optional<TensorType> type;
    std::optional<Storage> storage;
    std::optional<Token> whole;  // which it is a part of, defined further down
  };

  void node() {
    std::vector<std::string> comments = take_comments();
    std::vector<Output> outputs;
    do {
      outputs.push_back({expect(TokenKind::value, "an output's `%name`"), {}, {}, {}});
    } while (accept(","));
    expect("=");
    const Token name = expect(TokenKind::identifier, "the op's name");
    const OpDef* op = find_op(name.text);
    if (op == nullptr) {
      throw Error(name.location, fmt::format("there is no op `{}`", name.text),
                  "`weft ops` lists them");
    }
    std::vector<ValueId> inputs = operands();
    Attrs attrs = attributes();
    if (accept(":")) {
      for (Output& output : outputs) {
        if (&output != &outputs.front()) expect(",");
        output.type = type();
        output.storage = storage(&output.whole);
      }
    }
    SourceLocation location;
    if (accept("at")) {
      location.line = static_cast<std::uint32_t>(integer("a line"));
      expect(":");
      location.column = static_cast<std::uint32_t>(integer("a column"));
    }
    append(*op, name.location, std::move(inputs), std::move(attrs), outputs);
    graph_.nodes.back().location = location;
    take_trailing(comments);
    graph_.nodes.back().comments = std::move(comments);
  }

  std::vector<ValueId> operands() {
    std::vector<ValueId> inputs;
    expect("(");
    if (!accept(")")) {
      do {
        inputs.push_back(operand());
      } while (accept(","));
      expect(")");
    }
    return inputs;
  }

  void append(const OpDef& op, SourceLocation place, std::vector<ValueId> inputs, Attrs attrs,
              const std::vector<Output>& outputs) {
    if (outputs.size() != op.outputs.size()) {
      throw Error(place, fmt::format("{} has {} outputs, but {} are named", op.name,
                                     op.outputs.size(), outputs.size()));
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      bool taken = graph_.find(outputs[i].name.text).has_value();
      for (std::size_t j = 0; j < i; ++j) taken |= outputs[j].name.text == outputs[i].name.text;
      if (taken) {
        throw Error(outputs[i].name.location,
                    fmt::format("%{} is defined twice", outputs[i].name.text),
                    "rename one of them");
      }
    }
    const auto ids = graph_.append(op, std::move(inputs), std::move(attrs), place);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      graph_.rename(ids[i], outputs[i].name.text);
      Value& value = graph_[ids[i]];
      value.storage = outputs[i].storage;
      if (outputs[i].whole) parts_.emplace_back(ids[i], *outputs[i].whole);
      if (outputs[i].type && *outputs[i].type != value.type) {
        throw Error(outputs[i].name.location,
                    fmt::format("%{} is written as {}, but {} gives {}", value.name,
                                to_string(*outputs[i].type), op.name, to_string(value.type)),
                    "types of computed values may be left out");
      }
    }
  }

  std::optional<Storage> storage(std::optional<Token>* whole = nullptr) {
    if (!accept("in")) return std::nullopt;
    if (whole != nullptr && peek().kind == TokenKind::value && after_next().is("+")) {
      *whole = next();
      expect("+");
      return Storage::in_columns(kNoValue, integer("a column"));
    }
    if (peek().kind == TokenKind::value) return Storage::in_tensor(operand());
    expect("arena");
    expect("+");
    return Storage::in_arena(integer("an offset into the arena"));
  }

  TensorType type() {
    TensorType parsed;
    const Token name = expect(TokenKind::identifier, "a type such as `f32[T, 300]`");
    const std::optional<DType> dtype = find_dtype(name.text);
    if (!dtype) {
      throw Error(name.location, fmt::format("there is no element type `{}`", name.text),
                  "there are f32, i32, i16 and i8");
    }
    parsed.dtype = *dtype;
    expect("[");
    while (!peek().is("]") && !peek().is("->")) {
      if (!parsed.shape.empty()) expect(",");
      parsed.shape.push_back(dim());
    }
    if (accept("->")) parsed.ragged_dim = known_symbol("a symbol");
    expect("]");
    return parsed;
  }

  std::string known_symbol(std::string_view what) {
    const Token token = expect(TokenKind::identifier, what);
    const bool known = graph_.find_symbol(token.text) != nullptr;
    if (!known && poisoned_.contains(token.text)) throw Poisoned{};
    return token.text;
  }

  Dim dim() {
    if (peek().kind == TokenKind::number) return integer("a size");
    const std::string symbol = known_symbol("a size or a symbol");
    return Dim(symbol, accept("+") ? integer("what is added to the symbol") : 0);
  }

  Graph graph_;
  std::vector<Diagnostic> problems_;
  std::vector<std::pair<ValueId, Token>> parts_;  // stored in a value that comes later
  std::set<std::string, std::less<>> poisoned_;   // what lines in error would have defined
};

}  // namespace

std::vector<Graph> parse(std::string_view text, std::string_view file) {
  try {
    return Parser(lex(text, {.keep_comments = true})).run();
  } catch (const Error& error) {
    throw error.in(file, text);
  }
}

Graph parse_one(std::string_view text, std::string_view file) {
  std::vector<Graph> graphs = parse(text, file);
  if (graphs.size() != 1) {
    throw Error(fmt::format("{}: {} programs found where one is wanted", file, graphs.size()),
                "a program is written `program @name { ... }`");
  }
  return std::move(graphs.front());
}

}  // namespace weft
