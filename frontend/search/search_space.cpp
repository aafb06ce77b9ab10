// Ranges read from a description or made up around its values; samples.
#include "frontend/search/search_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "frontend/description/lower.h"
#include "frontend/description/pretrained_text.h"
#include "frontend/description/settings.h"
#include "frontend/format/suggest.h"
#include "ir/random.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

double number_of(const Attr& value) {
  const auto* integer = std::get_if<std::int64_t>(&value);
  return integer != nullptr ? static_cast<double>(*integer) : std::get<double>(value);
}

bool is_number(const Expression& e) {
  return e.kind == Expression::Kind::literal && !std::holds_alternative<std::string>(e.literal);
}

// `width` is a constant's path as it is; `rate` is `train.rate`.
std::string path_of(const Description& description, const Argument& written) {
  std::vector<std::string> known;
  for (const Binding& binding : description.bindings) {
    if (binding.value.kind != Expression::Kind::literal) continue;
    if (binding.name == written.name) return binding.name;
    known.push_back(binding.name);
  }
  const std::vector<std::string> targets = targets_of(description, written.name);
  if (targets.empty() || targets.back().find('.') == std::string::npos) {
    const std::string near = nearest(written.name, known);
    throw Error(
        written.location,
        fmt::format("`{}` is neither a constant of this description nor a setting", written.name),
        near.empty() ? "give what is to be tuned a name, `channels = 100`, and use that"
                     : fmt::format("did you mean `{}`?", near));
  }
  if (targets.back() == "train.epochs") {
    throw Error(
        written.location,
        "`epochs` cannot be tuned: the search itself trains trials for a fifth of them, for half "
        "and for all",
        "write the largest useful number on the line `train`; the best epoch is kept anyway");
  }
  return targets.back();
}

Parameter parameter_of(const Description& description, const Argument& written) {
  Parameter p;
  p.path = path_of(description, written);
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

// The number that is written for an argument; null: none is, or no plain number.
const Attr* written_number(const Expression& layer, std::string_view argument) {
  const auto at = std::ranges::find(layer.arguments, argument, &Argument::name);
  return at != layer.arguments.end() && is_number(at->value) ? &at->value.literal : nullptr;
}

// The widths of filters and how many there are of each, where numbers say so.
void add_filters(const Description& description, std::vector<Parameter>& space) {
  constexpr double kReach = 2;  // taps more or fewer
  for (const Binding& binding : description.bindings) {
    const std::string kernel = binding.name + ".conv1d.kernel";
    const std::vector<const Expression*> layers = layers_of(description, kernel);
    if (layers.size() != 1) continue;
    if (const Attr* taps = written_number(*layers.front(), "kernel")) {
      Parameter p;
      p.path = kernel;
      p.low = std::max(1.0, number_of(*taps) - kReach);
      p.high = number_of(*taps) + kReach;
      p.integer = true;
      space.push_back(p);
    }
    if (const Attr* channels = written_number(*layers.front(), "channels")) {
      space.push_back(around(binding.name + ".conv1d.channels", *channels));
    }
  }
}

// For all embeddings alike, unless one names a constant for it, which is searched itself.
void add_word_dropout(const Description& description, std::vector<Parameter>& space) {
  Parameter p;
  p.path = "embedding.word_dropout";
  p.high = 0.3;
  const std::vector<const Expression*> layers = layers_of(description, p.path);
  const bool plain = std::ranges::all_of(layers, [](const Expression* layer) {
    return std::ranges::find(layer->arguments, "word_dropout", &Argument::name) ==
               layer->arguments.end() ||
           written_number(*layer, "word_dropout") != nullptr;
  });
  if (plain && !layers.empty()) space.push_back(p);
}

std::vector<Parameter> default_space(const Description& description) {
  std::vector<Parameter> space;
  for (const Binding& binding : description.bindings) {
    if (!is_number(binding.value)) continue;
    const Attr& value = binding.value.literal;
    if (number_of(value) < 0 ||
        (std::holds_alternative<std::int64_t>(value) && number_of(value) == 0)) {
      continue;
    }
    space.push_back(around(binding.name, value));
  }
  const DescriptionSettings settings = settings_of(description, {});
  Parameter learning_rate;
  learning_rate.path = "train.rate";
  learning_rate.low = settings.learning_rate / 3;
  learning_rate.high = settings.learning_rate * 3;
  learning_rate.by_ratio = true;
  if (settings.learning_rate > 0) space.push_back(learning_rate);
  const auto choose = [&](std::string path, std::vector<Attr> choices) {
    space.push_back({.path = std::move(path), .choices = std::move(choices)});
  };
  choose("train.batch",
         {std::max<std::int64_t>(1, settings.batch / 2), settings.batch, settings.batch * 2});
  choose("train.label_smoothing", {0.0, 0.1});
  choose("train.schedule", {std::string("constant"), std::string("linear")});
  add_filters(description, space);
  add_word_dropout(description, space);
  const TokenizerDef& tokenizer = tokenizer_of(settings.text);
  if (tokenizer.split == nullptr) return space;  // a pretrained model reads as it learnt to
  if (settings.text.max_letters == 0) {          // groups of letters are one tokenizer's
    choose("text.tokenizer", {std::string(tokenizer.name), std::string(tokenizer.alternative)});
  }
  if (tokenizer.reads_case) {
    choose("text.lowercase", {std::string("true"), std::string("false")});
  }
  const std::int64_t few = std::max<std::int64_t>(2, settings.min_count);
  choose("text.min_count", {std::int64_t{1}, few, few + 1});
  // Neighbouring words as terms are for models that are blind to order: if one has them, it is.
  if (settings.text.word_ngrams > 1) {
    choose("text.word_ngrams", {std::int64_t{1}, std::int64_t{2}, std::int64_t{3}});
  }
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

// ---- Whether the description can have the values

std::optional<Diagnostic> problem_with(const Description& description, const Overrides& overrides,
                                       const Assignments& values, const InitialSources& initial) {
  try {
    check_values(description, overrides, values, initial);
    return std::nullopt;
  } catch (const Error& e) {
    Diagnostic first = e.diagnostics().front();
    constexpr std::string_view kOverride = "--set: ";  // which this is not, to the user
    if (first.message.starts_with(kOverride)) first.message.erase(0, kOverride.size());
    return first;
  }
}

// Every choice; or the two ends, and of numbers with a point one between them.
std::vector<Attr> samples_of(const Parameter& p) {
  if (!p.choices.empty()) return p.choices;
  if (!p.integer) return {p.low, p.high, p.low + (p.high - p.low) * 0.4142};
  return {static_cast<std::int64_t>(p.low), static_cast<std::int64_t>(p.high)};
}

// The first that the description cannot have, by its place, and why.
std::optional<std::pair<std::size_t, Diagnostic>> bad_sample(const Description& description,
                                                             const Overrides& overrides,
                                                             const Parameter& p,
                                                             const InitialSources& initial) {
  const std::vector<Attr> samples = samples_of(p);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    auto problem = problem_with(description, overrides, {{p.path, samples[i]}}, initial);
    if (!problem) continue;
    const bool between = p.choices.empty() && i == 2;
    if (between) problem->note = "numbers with a point are fractions: leave the points out";
    return std::pair(i, std::move(*problem));
  }
  return std::nullopt;
}

// True if every value between the ends makes a valid description: `width / 4` may be no integer for
// some of them.
bool is_free(const Description& description, const Overrides& overrides, const Parameter& p,
             const InitialSources& initial) {
  constexpr std::uint64_t kDraws = 16;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    if (problem_with(description, overrides, sample({p}, 0, i), initial)) return false;
  }
  return !bad_sample(description, overrides, p, initial);
}

// True if both paths name the same argument of some layer.
bool share_layer(const Description& description, std::string_view a, std::string_view b) {
  if (a.substr(a.rfind('.') + 1) != b.substr(b.rfind('.') + 1)) return false;
  const std::vector<const Expression*> layers = layers_of(description, a);
  return std::ranges::any_of(layers_of(description, b), [&](const Expression* layer) {
    return std::ranges::find(layers, layer) != layers.end();
  });
}

bool is_fixed(const Description& description, const Overrides& overrides, const Parameter& p) {
  return std::ranges::any_of(overrides.values(), [&](const auto& fixed) {
    const std::vector<std::string> targets = targets_of(description, fixed.first);
    return std::ranges::find(targets, p.path) != targets.end() ||
           share_layer(description, fixed.first, p.path);
  });
}

}  // namespace

void check_values(const Description& description, Overrides overrides, const Assignments& values,
                  const InitialSources& initial) {
  for (const auto& [path, value] : values) overrides.set(path, value);
  const DescriptionSettings settings = settings_of(description, overrides);
  InitialVectors initial_vectors(description.file, initial.vectors);
  PretrainedSource pretrained(description.file, initial.pretrained);
  lower(description, settings,
        {.labels = 2, .initial_vectors = &initial_vectors, .pretrained = &pretrained}, overrides);
  initial_vectors.check_claimed();
  pretrained.check_claimed();
  if (pretrained.config() != nullptr) check_pretrained_text(description, overrides);
}

std::vector<Parameter> search_space(const Description& description, const Overrides& overrides,
                                    const InitialSources& initial) {
  std::vector<Parameter> space;
  const bool sound = !problem_with(description, overrides, {}, initial);
  if (description.tune.location.line == 0) {
    space = default_space(description);
    std::erase_if(space, [&](const Parameter& p) {
      return is_fixed(description, overrides, p) ||
             (sound && !is_free(description, overrides, p, initial));
    });
    return space;
  }
  std::vector<Diagnostic> errors;
  std::set<std::string> paths;
  for (const Argument& written : description.tune.settings) {
    try {
      const Parameter p = parameter_of(description, written);
      if (!paths.insert(p.path).second) {
        throw Error(written.location, fmt::format("`{}` is tuned twice", written.name),
                    "keep one of the two");
      }
      if (is_fixed(description, overrides, p)) continue;
      // An error that does not depend on these values is reported elsewhere.
      if (const auto bad = sound ? bad_sample(description, overrides, p, initial) : std::nullopt) {
        const auto& places = written.value.arguments;
        throw Error(places[bad->first < places.size() ? bad->first : 0].location,
                    fmt::format("`{}` cannot be {}: {}", written.name,
                                to_string(samples_of(p)[bad->first]), bad->second.message),
                    bad->second.note);
      }
      space.push_back(p);
    } catch (const Error& e) {
      errors.insert(errors.end(), e.diagnostics().begin(), e.diagnostics().end());
    }
  }
  if (!errors.empty()) throw Error(errors, description.file, description.source);
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

}  // namespace weft
