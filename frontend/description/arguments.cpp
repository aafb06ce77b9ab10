// Matches written arguments to declared ones: by name, by position, by overriding path.
#include "frontend/description/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "frontend/format/suggest.h"
#include "frontend/format/usage_error.h"

namespace weft {
namespace {

std::string shown(const Attr& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  return "a list";
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
    parts.push_back(path.substr(begin, dot - begin));
    begin = dot + 1;
  }
  parts.push_back(path.substr(begin));
  return parts;
}

Attr literal_of(const std::string& text) {
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
  return text;
}

// A word may stand without its argument's name: `static` can only be the mode of an embedding.
bool takes_word(const ArgumentDef& def, const Attr& value) {
  const auto* word = std::get_if<std::string>(&value);
  return def.kind == ArgumentKind::word && word != nullptr &&
         std::ranges::find(def.words, *word) != def.words.end();
}

[[noreturn]] void bad_value(std::string_view what, const ArgumentDef& def,
                            const GivenArgument& given) {
  std::string note;
  if (given.word && def.kind == ArgumentKind::word) {
    const std::vector<std::string> words(def.words.begin(), def.words.end());
    note = suggestion(shown(given.value), words);
  } else if (given.word) {
    note = fmt::format("no value of the description is named `{}`", shown(given.value));
  }
  throw Error(
      given.location,
      fmt::format("{}: {}={} must be {}", what, def.name, shown(given.value), range_of(def)), note);
}

Attr checked(std::string_view what, const ArgumentDef& def, const GivenArgument& given) {
  if (def.kind == ArgumentKind::word) {
    if (!takes_word(def, given.value)) bad_value(what, def, given);
    return given.value;
  }
  if (def.kind == ArgumentKind::text) return shown(given.value);
  if (def.kind == ArgumentKind::boolean) {
    const std::string text = shown(given.value);
    if (text == "true" || text == "1") return std::int64_t{1};
    if (text == "false" || text == "0") return std::int64_t{0};
    bad_value(what, def, given);
  }
  double number = 0;
  if (const auto* integer = std::get_if<std::int64_t>(&given.value)) {
    number = static_cast<double>(*integer);
  } else if (const auto* real = std::get_if<double>(&given.value)) {
    number = *real;
    if (def.kind == ArgumentKind::integer && number != std::trunc(number)) {
      bad_value(what, def, given);
    }
  } else {
    bad_value(what, def, given);
  }
  if (!(number >= def.low && number <= def.high)) bad_value(what, def, given);
  if (def.kind == ArgumentKind::number) return number;
  return static_cast<std::int64_t>(number);
}

// The declared argument that a written one is for.
const ArgumentDef& match(std::string_view what, std::span<const ArgumentDef> defs,
                         const Attrs& settled, const GivenArgument& given) {
  if (!given.name.empty()) {
    const auto def = std::ranges::find(defs, given.name, &ArgumentDef::name);
    if (def != defs.end()) return *def;
    std::vector<std::string> names;
    for (const ArgumentDef& d : defs) names.emplace_back(d.name);
    throw Error(given.location, fmt::format("{} takes no `{}`", what, given.name),
                defs.empty() ? "it takes no arguments" : suggestion(given.name, names));
  }
  const bool text = std::holds_alternative<std::string>(given.value);
  for (const ArgumentDef& def : defs) {
    if (settled.contains(def.name)) continue;
    if (given.word ? takes_word(def, given.value)
                   : text == (def.kind == ArgumentKind::text) && def.kind != ArgumentKind::word) {
      return def;
    }
  }
  if (given.word) {
    throw Error(given.location, fmt::format("nothing is named `{}`", shown(given.value)),
                "a value is named, `name = …`, on a line before it is used");
  }
  throw Error(given.location,
              fmt::format("{}: there is no further argument for {}", what, shown(given.value)),
              "give arguments by name: `name=value`");
}

// Suggests a path for an override that nothing asked for. The last part of a path is the surest: a
// layer may have any name.
std::string near_path(const std::string& path, const std::vector<std::string>& known) {
  constexpr std::size_t kShown = 3;
  const auto last = [](const std::string& p) { return p.substr(p.rfind('.') + 1); };
  std::vector<std::string> names;
  for (const std::string& p : known) names.push_back(last(p));
  const bool exact = std::ranges::find(names, last(path)) != names.end();
  std::string near = exact ? last(path) : nearest(path, known);
  if (!exact && !near.empty()) return fmt::format("did you mean `{}`?", near);
  if (near.empty()) near = nearest(last(path), names);
  if (near.empty()) {
    return fmt::format("the nearest are {}; `weft layers` lists what layers and lines take",
                       fmt::join(nearest_few(path, known, kShown), ", "));
  }
  std::vector<std::string> meant;
  for (const std::string& p : known) {
    if (last(p) == near) meant.push_back(fmt::format("`{}`", p));
  }
  const char* const more = meant.size() > kShown ? " …" : "";
  meant.resize(std::min(meant.size(), kShown));
  return fmt::format("did you mean {}{}?", fmt::join(meant, ", "), more);
}

}  // namespace

std::string range_of(const ArgumentDef& def) {
  switch (def.kind) {
    case ArgumentKind::integer:
      return fmt::format("an integer from {} to {}", def.low, def.high);
    case ArgumentKind::number:
      return fmt::format("a number from {} to {}", def.low, def.high);
    case ArgumentKind::word:
      return fmt::format("{}", fmt::join(def.words, " or "));
    case ArgumentKind::boolean:
      return "true or false";
    case ArgumentKind::text:
      return "a text in quotes";
  }
  return {};
}

Overrides::Overrides(std::span<const std::string> assignments) {
  for (const std::string& assignment : assignments) {
    const std::size_t equals = assignment.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == assignment.size()) {
      throw Error(fmt::format("--set {}: expected name=value", assignment),
                  "for example --set conv1d.channels=200");
    }
    set(assignment.substr(0, equals), literal_of(assignment.substr(equals + 1)));
  }
}

void Overrides::set(const std::string& path, Attr value, std::string flag) {
  std::erase_if(entries_, [&](const Entry& e) { return e.path == path; });
  const bool word = std::holds_alternative<std::string>(value);
  entries_.push_back({path, split(path), {path, std::move(value), word, {}, std::move(flag)}});
}

const GivenArgument* Overrides::find(std::span<const std::string> owners, std::string_view name,
                                     bool bare, OverrideUse& use) const {
  std::string known = fmt::format("{}", fmt::join(owners, "."));
  known += known.empty() ? std::string(name) : fmt::format(".{}", name);
  use.known.insert(std::move(known));
  const GivenArgument* found = nullptr;
  for (const Entry& entry : entries_) {
    if (entry.parts.back() != name || (entry.parts.size() == 1 && !bare)) continue;
    const auto leading = std::span(entry.parts).first(entry.parts.size() - 1);
    const bool fits = std::ranges::all_of(leading, [&](const std::string& part) {
      return std::ranges::find(owners, part) != owners.end();
    });
    if (!fits) continue;
    use.used.insert(entry.path);
    found = &entry.given;
  }
  return found;
}

void Overrides::check_used(const OverrideUse& use) const {
  for (const Entry& entry : entries_) {
    if (use.used.contains(entry.path)) continue;
    throw UsageError(fmt::format("--set {}: the model description has no such setting", entry.path),
                     near_path(entry.path, {use.known.begin(), use.known.end()}));
  }
}

std::vector<std::pair<std::string, Attr>> Overrides::values() const {
  std::vector<std::pair<std::string, Attr>> all;
  for (const Entry& e : entries_) all.emplace_back(e.path, e.given.value);
  return all;
}

std::vector<std::string> Overrides::assignments() const {
  std::vector<std::string> all;
  for (const Entry& e : entries_) all.push_back(fmt::format("{}={}", e.path, shown(e.given.value)));
  return all;
}

void Overrides::replace(const std::string& text, const std::string& by) {
  for (Entry& e : entries_) {
    const auto* value = std::get_if<std::string>(&e.given.value);
    if (value != nullptr && *value == text) e.given.value = by;
  }
}

Attrs check_arguments(std::string_view what, std::span<const ArgumentDef> defs,
                      std::span<const GivenArgument> given, SourceLocation location,
                      const Overrides& overrides, std::span<const std::string> owners, bool bare,
                      OverrideUse& use) {
  Attrs settled;
  for (const GivenArgument& argument : given) {
    const ArgumentDef& def = match(what, defs, settled, argument);
    if (settled.contains(def.name)) {
      throw Error(argument.location, fmt::format("{}: `{}` is given twice", what, def.name));
    }
    settled.emplace(def.name, checked(what, def, argument));
  }
  for (const ArgumentDef& def : defs) {
    if (const GivenArgument* override_value = overrides.find(owners, def.name, bare, use)) {
      GivenArgument placed = *override_value;
      placed.location = location;
      settled.insert_or_assign(std::string(def.name), checked(placed.flag, def, placed));
    }
    if (settled.contains(def.name)) continue;
    if (!def.default_value) {
      throw Error(location, fmt::format("{}: {} is missing", what, def.name),
                  fmt::format("`{}=…`: {}, {}", def.name, def.doc, range_of(def)));
    }
    settled.emplace(def.name, *def.default_value);
  }
  return settled;
}

}  // namespace weft
