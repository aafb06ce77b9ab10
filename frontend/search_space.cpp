// Ranges read from a description or made up around its values; samples; values put back into text.
#include "frontend/search_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "frontend/initialize.h"
#include "frontend/settings.h"
#include "frontend/suggest.h"
#include "ir/lex.h"
#include "ir/random.h"

namespace weft {
namespace {

double number_of(const Attr& value) {
  const auto* integer = std::get_if<std::int64_t>(&value);
  return integer != nullptr ? static_cast<double>(*integer) : std::get<double>(value);
}

bool is_number(const Expression& e) {
  return e.kind == Expression::Kind::literal && !std::holds_alternative<std::string>(e.literal);
}

const Binding* find_constant(const Model& model, std::string_view name) {
  const auto at = std::ranges::find(model.bindings, name, &Binding::name);
  if (at == model.bindings.end() || at->value.kind != Expression::Kind::literal) return nullptr;
  return &*at;
}

std::string optimizer_of(const Model& model) {
  return model.optimizer.name.empty() ? "adam" : model.optimizer.name;
}

// The settings group that has `name`, `train.name` or `text.name`; empty if none has. An
// optimizer's arguments are settings of `train`.
std::string group_of(const Model& model, std::string_view path) {
  const auto dot = path.find('.');
  const std::string_view owner = dot == std::string_view::npos ? "" : path.substr(0, dot);
  const std::string_view name = dot == std::string_view::npos ? path : path.substr(dot + 1);
  for (const SettingsGroup& group : all_settings()) {
    const bool optimizer = group.name == optimizer_of(model);
    if (group.name != "text" && group.name != "train" && !optimizer) continue;
    if (!owner.empty() && owner != (optimizer ? "train" : group.name)) continue;
    if (std::ranges::find(group.arguments, name, &ArgumentDef::name) != group.arguments.end()) {
      return group.name;
    }
  }
  return "";
}

std::string name_in(std::string_view path) {
  return std::string(
      path.substr(path.find('.') == std::string_view::npos ? 0 : path.find('.') + 1));
}

// `width` is a constant's path as it is; `rate` is `train.rate`.
std::string path_of(const Model& model, const Argument& written) {
  if (find_constant(model, written.name) != nullptr) return written.name;
  const std::string group = group_of(model, written.name);
  if (group.empty()) {
    std::vector<std::string> known;
    for (const Binding& binding : model.bindings) {
      if (binding.value.kind == Expression::Kind::literal) known.push_back(binding.name);
    }
    const std::string near = nearest(written.name, known);
    throw Error(
        written.location,
        fmt::format("`{}` is neither a constant of this description nor a setting", written.name),
        near.empty() ? "give what is to be tuned a name, `channels = 100`, and use that"
                     : fmt::format("did you mean `{}`?", near));
  }
  return (group == "text" ? "text." : "train.") + name_in(written.name);
}

Parameter parameter_of(const Model& model, const Argument& written) {
  Parameter p;
  p.path = path_of(model, written);
  const Expression& e = written.value;
  const bool known = e.name == "range" || e.name == "log" || e.name == "choice";
  if (e.kind != Expression::Kind::call || !known) {
    throw Error(e.location, fmt::format("what values may `{}` take?", written.name),
                "write range(LOW, HIGH), log(LOW, HIGH) or choice(A, B, …)");
  }
  for (const Argument& argument : e.arguments) {
    const Expression& value = argument.value;
    const bool word = value.kind == Expression::Kind::name && e.name == "choice";
    if (!argument.name.empty() || !(word || value.kind == Expression::Kind::literal)) {
      throw Error(argument.location, fmt::format("`{}` takes plain values", e.name));
    }
    p.choices.push_back(word ? Attr{value.name} : value.literal);
  }
  if (e.name == "choice") {
    if (p.choices.empty()) throw Error(e.location, "`choice` needs a value at least");
    return p;
  }
  const bool two =
      p.choices.size() == 2 && is_number(e.arguments[0].value) && is_number(e.arguments[1].value);
  if (!two) throw Error(e.location, fmt::format("`{}` takes two numbers, low and high", e.name));
  p.low = number_of(p.choices[0]);
  p.high = number_of(p.choices[1]);
  p.integer = std::ranges::all_of(
      p.choices, [](const Attr& a) { return std::holds_alternative<std::int64_t>(a); });
  p.by_ratio = e.name == "log";
  p.choices.clear();
  if (!(p.low < p.high)) throw Error(e.location, "the low end must be below the high end");
  if (p.by_ratio && p.low <= 0) {
    throw Error(e.location, "`log` needs numbers above 0", "use range, which may begin at 0");
  }
  return p;
}

// A share (a dropout rate) moves by a quarter; another number by a factor of two.
Parameter around(std::string path, const Attr& value) {
  Parameter p;
  p.path = std::move(path);
  p.integer = std::holds_alternative<std::int64_t>(value);
  const double x = number_of(value);
  if (!p.integer && x >= 0 && x < 1) {
    p.low = std::max(0.0, x - 0.25);
    p.high = std::min(0.9, x + 0.25);
    return p;
  }
  p.by_ratio = true;
  p.low = p.integer ? std::max(1.0, std::floor(x / 2)) : x / 2;
  p.high = 2 * x;
  return p;
}

std::vector<Parameter> default_space(const Model& model) {
  std::vector<Parameter> space;
  for (const Binding& binding : model.bindings) {
    if (!is_number(binding.value)) continue;
    const Attr& value = binding.value.literal;
    if (number_of(value) < 0 ||
        (std::holds_alternative<std::int64_t>(value) && number_of(value) == 0)) {
      continue;
    }
    space.push_back(around(binding.name, value));
  }
  Overrides none;
  const ModelSettings settings = settings_of(model, none);
  Parameter rate;
  rate.path = "train.rate";
  rate.low = settings.rate / 3;
  rate.high = settings.rate * 3;
  rate.by_ratio = true;
  if (settings.rate > 0) space.push_back(rate);
  Parameter batch;
  batch.path = "train.batch";
  batch.choices = {std::max<std::int64_t>(1, settings.batch / 2), settings.batch,
                   settings.batch * 2};
  space.push_back(batch);
  Parameter smoothing;
  smoothing.path = "train.label_smoothing";
  smoothing.choices = {0.0, 0.1};
  space.push_back(smoothing);
  return space;
}

// Round enough to be read, and for kernels that work on eight numbers at a time.
Attr rounded(const Parameter& p, double x) {
  if (p.integer) {
    double whole = std::round(x);
    if (whole >= 32) whole = std::round(whole / 8) * 8;
    return static_cast<std::int64_t>(std::clamp(whole, p.low, p.high));
  }
  if (x == 0) return 0.0;
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(x))) - 1);
  return std::clamp(std::stod(fmt::format("{:.2g}", std::round(x / unit) * unit)), p.low, p.high);
}

// ---- Values put into the text

struct Edit {
  SourceLocation at;
  std::size_t length = 0;  // bytes replaced
  std::string text;
};

// The byte where a line and column are.
std::size_t offset_of(std::string_view source, SourceLocation at) {
  std::size_t begin = 0;
  for (std::uint32_t line = 1; line < at.line; ++line) begin = source.find('\n', begin) + 1;
  return begin + at.column - 1;
}

class Editor {
 public:
  explicit Editor(const Model& model)
      : model_(model), tokens_(lex(model.source, {.comment_marker = "#", .keep_newlines = true})) {}

  void set(const std::string& path, const std::string& value) {
    if (const Binding* constant = find_constant(model_, path)) {
      return replace(constant->value.location, value);
    }
    const std::string group = group_of(model_, path);
    if (group.empty()) {
      throw Error(fmt::format("`{}` is neither a constant nor a setting of {}", path, model_.name));
    }
    const std::string name = name_in(path);
    if (group == "text") return set_in(model_.text, "text", name, value);
    if (group == "train") return set_in(model_.train, "train", name, value);
    set_optimizer(name, value);
  }

  std::string text() {
    place_added_arguments();
    std::string result = model_.source;
    std::ranges::stable_sort(edits_, {}, [&](const Edit& e) { return offset_of(result, e.at); });
    for (auto edit = edits_.rbegin(); edit != edits_.rend(); ++edit) {
      result.replace(offset_of(model_.source, edit->at), edit->length, edit->text);
    }
    for (const auto& [keyword, settings] : added_lines_) {
      if (!result.ends_with('\n')) result += '\n';
      result += keyword + settings + "\n";
    }
    return result;
  }

 private:
  const Token& token_at(SourceLocation at) const {
    return *std::ranges::find_if(tokens_, [&](const Token& t) {
      return t.location.line == at.line && t.location.column == at.column;
    });
  }
  // In the source: a string has its quotes there, and perhaps escapes.
  std::size_t length_of(const Token& token) const {
    if (token.kind != TokenKind::string) return token.text.size();
    const std::size_t begin = offset_of(model_.source, token.location);
    std::size_t end = begin + 1;
    while (model_.source[end] != '"') end += model_.source[end] == '\\' ? 2 : 1;
    return end + 1 - begin;
  }
  // A literal or a word is one token.
  void replace(SourceLocation at, const std::string& value) {
    edits_.push_back({at, length_of(token_at(at)), value});
  }
  // Behind the last token of the statement that begins at `at`.
  SourceLocation end_of(SourceLocation at) const {
    const Token* last = &token_at(at);
    int depth = 0;
    for (const Token* t = last; t->kind != TokenKind::end; ++t) {
      if (t->kind == TokenKind::newline && depth == 0) break;
      depth += t->is("(") ? 1 : t->is(")") ? -1 : 0;
      if (t->kind != TokenKind::newline) last = t;
    }
    return behind(last->location, length_of(*last));
  }
  void set_in(const SettingsLine& line, const std::string& keyword, const std::string& name,
              const std::string& value) {
    const auto at = std::ranges::find(line.settings, name, &Argument::name);
    if (at != line.settings.end()) return replace(at->value.location, value);
    const std::string setting = fmt::format(" {}={}", name, value);
    if (line.location.line == 0) {
      added_lines_[keyword] += setting;
    } else {
      edits_.push_back({end_of(line.location), 0, setting});
    }
  }
  void set_optimizer(const std::string& name, const std::string& value) {
    const auto& arguments = model_.optimizer.arguments;
    const auto at = std::ranges::find(arguments, name, &Argument::name);
    if (at != arguments.end()) return replace(at->value.location, value);
    added_arguments_ += fmt::format("{}{}={}", added_arguments_.empty() ? "" : ", ", name, value);
  }
  // Those that the optimizer, which may not be written either, is not given yet.
  void place_added_arguments() {
    if (added_arguments_.empty()) return;
    const Expression& optimizer = model_.optimizer;
    const std::string call = fmt::format(" adam({})", added_arguments_);  // by default
    if (optimizer.name.empty() && model_.train.location.line == 0) {
      added_lines_["train"].insert(0, call);
    } else if (optimizer.name.empty()) {
      edits_.push_back({behind(model_.train.location, 5), 0, call});
    } else if (const Token* open = &token_at(optimizer.location) + 1; open->is("(")) {
      const char* separator = optimizer.arguments.empty() ? "" : ", ";
      edits_.push_back({behind(open->location, 1), 0, added_arguments_ + separator});
    } else {
      edits_.push_back({behind(optimizer.location, optimizer.name.size()), 0,
                        fmt::format("({})", added_arguments_)});
    }
    added_arguments_.clear();
  }
  static SourceLocation behind(SourceLocation at, std::size_t length) {
    at.column += static_cast<std::uint32_t>(length);
    return at;
  }

  const Model& model_;
  std::vector<Token> tokens_;
  std::vector<Edit> edits_;
  std::string added_arguments_;                     // of the optimizer
  std::map<std::string, std::string> added_lines_;  // settings, by keyword
};

}  // namespace

std::vector<Parameter> search_space(const Model& model, const Overrides& overrides) {
  std::vector<Parameter> space;
  std::vector<Diagnostic> errors;
  if (model.tune.location.line == 0) space = default_space(model);
  for (const Argument& written : model.tune.settings) {
    try {
      space.push_back(parameter_of(model, written));
    } catch (const Error& e) {
      errors.insert(errors.end(), e.diagnostics().begin(), e.diagnostics().end());
    }
  }
  if (!errors.empty()) throw Error(errors, model.file, model.source);
  const std::vector<std::string> fixed = overrides.assignments();
  std::erase_if(space, [&](const Parameter& p) {
    return std::ranges::any_of(fixed, [&](const std::string& assignment) {
      const std::string path = assignment.substr(0, assignment.find('='));
      return path == p.path || path == name_in(p.path);
    });
  });
  return space;
}

Assignments sample(const std::vector<Parameter>& space, std::uint64_t seed, std::uint64_t trial) {
  Assignments values;
  for (const Parameter& p : space) {
    const RandomKey key =
        random_key(static_cast<std::int64_t>(seed), static_cast<std::int64_t>(trial),
                   static_cast<std::int64_t>(hash_name(p.path)));
    const double u = random_uniform(key, 0);
    if (!p.choices.empty()) {
      const auto at = static_cast<std::size_t>(u * static_cast<double>(p.choices.size()));
      values.emplace_back(p.path, p.choices[at]);
    } else if (p.by_ratio) {
      values.emplace_back(p.path, rounded(p, p.low * std::pow(p.high / p.low, u)));
    } else {
      values.emplace_back(p.path, rounded(p, p.low + u * (p.high - p.low)));
    }
  }
  return values;
}

std::string to_string(const Attr& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  return std::get<std::string>(value);
}

std::string to_string(const Assignments& values) {
  std::string text;
  for (const auto& [path, value] : values) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", path, to_string(value));
  }
  return text;
}

std::string with_values(const Model& model, const Assignments& values) {
  Editor editor(model);
  for (const auto& [path, value] : values) editor.set(path, to_string(value));
  return editor.text();
}

}  // namespace weft
