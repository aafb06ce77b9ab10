// Edits of a description's text, found by the places of its tokens.
#include "frontend/description/edit_description.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>

#include "frontend/description/layers.h"
#include "frontend/description/settings.h"
#include "ir/lex.h"

namespace weft {
namespace {

struct Setting {
  std::string group;  // text, train, or the optimizer
  std::string name;
};

std::string optimizer_of(const Description& description) {
  return description.optimizer.name.empty() ? "adam" : description.optimizer.name;
}

// The setting that a path stands for; an optimizer's arguments are settings of `train`.
std::optional<Setting> setting_of(const Description& description, std::string_view path) {
  const std::size_t dot = path.rfind('.');
  const std::string name(dot == std::string_view::npos ? path : path.substr(dot + 1));
  const std::string owner(dot == std::string_view::npos ? "" : path.substr(0, dot));
  for (const SettingsGroup& group : all_settings()) {
    std::vector<std::string> owners = {"", group.name};
    if (group.name == optimizer_of(description)) {
      owners = {"", "train", group.name, "train." + group.name};
    } else if (group.name != "text" && group.name != "train") {
      continue;
    }
    if (std::ranges::find(owners, owner) != owners.end() &&
        std::ranges::find(group.arguments, name, &ArgumentDef::name) != group.arguments.end()) {
      return Setting{group.name, name};
    }
  }
  return std::nullopt;
}

const Binding* find_binding(const Description& description, std::string_view name) {
  const auto at = std::ranges::find(description.bindings, name, &Binding::name);
  return at == description.bindings.end() ? nullptr : &*at;
}

// A path's parts: the argument's name, and what owns it.
struct LayerPath {
  std::vector<std::string_view> owners;
  std::string_view argument;
};

LayerPath parts_of(std::string_view path) {
  LayerPath parts;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    parts.owners.push_back(path.substr(0, dot));
    path.remove_prefix(dot + 1);
  }
  parts.argument = path;
  return parts;
}

void find_layers(const Expression& e, const LayerPath& path, std::string_view binding,
                 std::vector<const Expression*>& found) {
  for (const Argument& argument : e.arguments) find_layers(argument.value, path, binding, found);
  if (e.kind != Expression::Kind::call) return;
  const LayerDef* layer = find_layer(e.name);
  if (layer == nullptr) return;
  const auto owns = [&](std::string_view owner) { return owner == binding || owner == e.name; };
  if (std::ranges::all_of(path.owners, owns) &&
      std::ranges::find(layer->arguments, path.argument, &ArgumentDef::name) !=
          layer->arguments.end()) {
    found.push_back(&e);
  }
}

bool is_token(const Expression& e) {
  return e.kind == Expression::Kind::literal || e.kind == Expression::Kind::name;
}

bool is_string(const Expression& e) {
  return e.kind == Expression::Kind::literal && std::holds_alternative<std::string>(e.literal);
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\\' || c == '"') result += '\\';
    result += c == '\n' ? "\\n" : c == '\t' ? "\\t" : std::string(1, c);
  }
  return result + '"';
}

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
  explicit Editor(const Description& description)
      : description_(description),
        tokens_(lex(description.source, {.comment_marker = "#", .keep_newlines = true})) {}

  // Sets a target, once; false if the description has no single place for it.
  bool set(const std::string& target, const Attr& value) {
    if (const Binding* constant = find_binding(description_, target)) {
      if (constant->value.kind != Expression::Kind::literal) return false;
      const auto* text = std::get_if<std::string>(&value);
      replace(constant->value.location, text == nullptr ? to_string(value) : quoted(*text));
      return true;
    }
    if (const auto layers = layers_of(description_, target); !layers.empty()) {
      const std::string_view name = parts_of(target).argument;
      return std::ranges::all_of(
          layers, [&](const Expression* layer) { return set_in_layer(*layer, name, value); });
    }
    const Setting setting = *setting_of(description_, target);
    if (setting.group == "text") return set_in(description_.text, setting, to_string(value));
    if (setting.group == "train") return set_in(description_.train, setting, to_string(value));
    return set_optimizer(setting.name, to_string(value));
  }

  // A literal or a word is one token. The last of several values for it holds.
  void replace(SourceLocation at, const std::string& value) {
    std::erase_if(edits_, [&](const Edit& edit) { return edit.length > 0 && edit.at == at; });
    edits_.push_back({at, length_of(token_at(at)), value});
  }

  std::string text() {
    place_added_arguments();
    std::string result = description_.source;
    std::ranges::stable_sort(edits_, {},
                             [&](const Edit& e) { return offset_of(description_.source, e.at); });
    for (auto edit = edits_.rbegin(); edit != edits_.rend(); ++edit) {
      result.replace(offset_of(description_.source, edit->at), edit->length, edit->text);
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
  // The length in the source, where a string has quotes and perhaps escapes.
  std::size_t length_of(const Token& token) const {
    if (token.kind != TokenKind::string) return token.text.size();
    const std::size_t begin = offset_of(description_.source, token.location);
    std::size_t end = begin + 1;
    while (description_.source[end] != '"') end += description_.source[end] == '\\' ? 2 : 1;
    return end + 1 - begin;
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
  bool set_in(const SettingsLine& line, const Setting& setting, const std::string& value) {
    const auto at = std::ranges::find(line.settings, setting.name, &Argument::name);
    if (at != line.settings.end()) return replace_in(*at, value);
    const std::string added = fmt::format(" {}={}", setting.name, value);
    if (line.location.line == 0) {
      added_lines_[setting.group] += added;
    } else {
      edits_.push_back({end_of(line.location), 0, added});
    }
    return true;
  }
  bool set_in_layer(const Expression& layer, std::string_view name, const Attr& value) {
    const auto* text = std::get_if<std::string>(&value);
    const bool file = text != nullptr && name == "vectors";  // the other words have no quotes
    const std::string written = file ? quoted(*text) : to_string(value);
    const auto at = std::ranges::find(layer.arguments, name, &Argument::name);
    if (at != layer.arguments.end()) {
      if (is_token(at->value)) replace(at->value.location, written);
      return is_token(at->value);
    }
    // One that stands without its name may be this one.
    const bool positional = std::ranges::any_of(layer.arguments, [](const Argument& a) {
      return a.name.empty() && a.value.kind == Expression::Kind::literal;
    });
    if (positional) return false;
    const Token* token = &token_at(layer.location) + 1;
    if (!token->is("(")) {
      add(behind(layer.location, layer.name.size()), fmt::format("({}=", name), written + ")");
      return true;
    }
    int depth = 1;
    for (const Token* t = token + 1; depth > 0; ++t) {
      depth += t->is("(") ? 1 : t->is(")") ? -1 : 0;
      token = t;
    }
    const bool first = (token - 1)->is("(");
    add(token->location, fmt::format("{}{}=", first ? "" : ", ", name), written);
    return true;
  }
  // Text that is not there yet, `name=` and the value. The last of several values holds.
  void add(SourceLocation at, const std::string& name, const std::string& value) {
    std::erase_if(edits_, [&](const Edit& edit) {
      return edit.length == 0 && edit.at == at && edit.text.starts_with(name);
    });
    edits_.push_back({at, 0, name + value});
  }
  bool set_optimizer(const std::string& name, const std::string& value) {
    const auto& arguments = description_.optimizer.arguments;
    const auto at = std::ranges::find(arguments, name, &Argument::name);
    if (at != arguments.end()) return replace_in(*at, value);
    // An argument added before one without a name would take its position.
    if (std::ranges::find(arguments, "", &Argument::name) != arguments.end()) return false;
    added_arguments_ += fmt::format("{}{}={}", added_arguments_.empty() ? "" : ", ", name, value);
    return true;
  }
  bool replace_in(const Argument& argument, const std::string& value) {
    if (is_token(argument.value)) replace(argument.value.location, value);
    return is_token(argument.value);
  }
  // Adds the arguments that the optimizer does not have yet; it may not be written either.
  void place_added_arguments() {
    if (added_arguments_.empty()) return;
    const Expression& optimizer = description_.optimizer;
    const std::string call = fmt::format(" adam({})", added_arguments_);  // by default
    if (optimizer.name.empty() && description_.train.location.line == 0) {
      added_lines_["train"].insert(0, call);
    } else if (optimizer.name.empty()) {
      edits_.push_back({behind(description_.train.location, 5), 0, call});
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

  const Description& description_;
  std::vector<Token> tokens_;
  std::vector<Edit> edits_;
  std::string added_arguments_;                     // of the optimizer
  std::map<std::string, std::string> added_lines_;  // settings, by keyword
};

}  // namespace

std::vector<const Expression*> layers_of(const Description& description, std::string_view path) {
  std::vector<const Expression*> found;
  const LayerPath parts = parts_of(path);
  if (parts.owners.empty() || setting_of(description, path)) return found;
  for (const Binding& binding : description.bindings) {
    find_layers(binding.value, parts, binding.name, found);
  }
  find_layers(description.output, parts, "output", found);
  return found;
}

std::vector<std::string> targets_of(const Description& description, std::string_view path) {
  std::vector<std::string> targets;
  if (find_binding(description, path) != nullptr) targets.emplace_back(path);
  if (const auto setting = setting_of(description, path)) {
    targets.push_back((setting->group == "text" ? "text." : "train.") + setting->name);
  }
  if (!layers_of(description, path).empty()) targets.emplace_back(path);
  return targets;
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

std::string put_values(const Description& description, const Assignments& values,
                       Assignments& left) {
  Assignments placed;             // by target
  std::vector<std::string> kept;  // targets of what is left, which has the last word on them
  const auto leave = [&](const std::string& path, const Attr& value) {
    left.emplace_back(path, value);
    std::ranges::copy(targets_of(description, path), std::back_inserter(kept));
  };
  for (const auto& [path, value] : values) {
    const std::vector<std::string> targets = targets_of(description, path);
    if (targets.size() != 1 || std::ranges::find(kept, targets.front()) != kept.end() ||
        !Editor(description).set(targets.front(), value)) {
      leave(path, value);
      continue;
    }
    std::erase_if(placed, [&](const auto& earlier) { return earlier.first == targets.front(); });
    placed.emplace_back(targets.front(), value);
  }
  Editor editor(description);
  for (const auto& [target, value] : placed) editor.set(target, value);
  return editor.text();
}

std::string moved_to(const Description& description, const std::string& folder) {
  const auto from = std::filesystem::path(description.file).parent_path();
  Editor editor(description);
  const auto walk = [&](const auto& self, const Expression& e, bool named) -> void {
    if (named && is_string(e)) {
      const auto beside = from / std::get<std::string>(e.literal);
      std::error_code missing;
      if (std::filesystem::is_regular_file(beside, missing)) {
        editor.replace(e.location, quoted(std::filesystem::proximate(beside, folder).string()));
      }
    }
    for (const Argument& argument : e.arguments) {
      self(self, argument.value, argument.name == "vectors" || argument.name.empty());
    }
  };
  for (const Binding& binding : description.bindings) walk(walk, binding.value, true);
  return editor.text();
}

}  // namespace weft
