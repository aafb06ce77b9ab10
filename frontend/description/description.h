// A model description, parsed: statements and expressions with their places, not yet shapes or
// layers.
//
//     model textcnn                                       # a comment
//     text   tokenizer=words vocabulary=30000 max_tokens=400
//     width  = 300                                        # a constant: `--set width=200` overrides
//     x      = embedding(text, width=width)
//     a      = x | conv1d(channels=100, kernel=3) | relu | max_pool
//     b      = x | conv1d(channels=100, kernel=5) | relu | max_pool
//     logits = concat(a, b) | dropout(0.5) | linear(labels)
//     output softmax(logits)
//     train  adam(rate=0.001) batch=50 epochs=10
//     tune   width=range(100, 400) rate=log(0.0003, 0.003) batch=choice(32, 64)
//
// An expression is a number, a "string", a name, a layer with arguments, `+ - * /` of those, or a
// pipe, which binds loosest: `x + h | relu` is relu(x + h). A statement ends with its line, except
// inside parentheses and where the next line begins with `|`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/diagnostic.h"
#include "ir/graph.h"

namespace weft {

struct Argument;

struct Expression {
  enum class Kind : std::uint8_t { literal, name, call, binary };
  Kind kind = Kind::literal;
  Attr literal = std::int64_t{0};   // literal: an integer, a number or a string
  std::string name;                 // name, layer, or operator
  std::vector<Argument> arguments;  // call: a piped value comes first; binary: the two sides
  SourceLocation location;
};

// `width=300`, or with an empty name an argument known by its position.
struct Argument {
  std::string name;
  Expression value;
  SourceLocation location;
};

// `name = value`.
struct Binding {
  std::string name;
  Expression value;
  SourceLocation location;
};

// `text`, `train`, `tune`: settings of the form key=value behind a keyword.
struct SettingsLine {
  std::vector<Argument> settings;
  SourceLocation location;  // line 0: there is no such line
};

struct Description {
  std::string name;
  std::string file;    // as errors cite it
  std::string source;  // the text, kept for errors and for the plan
  SettingsLine text;
  std::vector<Binding> bindings;
  Expression output;     // softmax(…) or another of outputs.h
  Expression optimizer;  // adam(rate=0.001)
  SettingsLine train;
  SettingsLine tune;  // what tuning may change: see frontend/search/search_space.h
};

// Throws Error with every bad line, each with its place, the rule and the remedy.
Description parse_description(std::string_view source, std::string_view file = "<model>");
Description read_description(const std::string& path);

// The first line of a description that a search wrote begins with this; the command that makes the
// plan follows.
inline constexpr std::string_view kMadeBy = "# the plan is made by: ";
// The source as a plan keeps it. The command names files, among them the plan, so `weft tune`
// stands in its place: equal searches make equal plans, whatever they call them.
std::string without_command(std::string_view source);

}  // namespace weft
