// Evaluates constants and checks the settings lines against their tables.
#include "frontend/description/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "frontend/description/read_text.h"
#include "frontend/format/suggest.h"
#include "ir/op.h"
#include "ir/ops/train/optimizer.h"
#include "runtime/text/subwords.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/word_splitter.h"

namespace weft {
namespace {

double as_number(const Attr& value) {
  const auto* integer = std::get_if<std::int64_t>(&value);
  return integer != nullptr ? static_cast<double>(*integer) : std::get<double>(value);
}

// Nothing where the expression is not one of numbers, strings and known constants.
std::optional<Attr> constant(const Expression& e, const Constants& known) {
  switch (e.kind) {
    case Expression::Kind::literal:
      return e.literal;
    case Expression::Kind::name:
      if (const auto found = known.find(e.name); found != known.end()) return found->second;
      return std::nullopt;
    case Expression::Kind::binary: {
      const auto a = constant(e.arguments[0].value, known);
      const auto b = constant(e.arguments[1].value, known);
      if (!a || !b) return std::nullopt;
      return arithmetic(e.name, *a, *b, e.location);
    }
    case Expression::Kind::call:
      return std::nullopt;
  }
  return std::nullopt;
}

std::vector<GivenArgument> given_arguments(const std::vector<Argument>& written,
                                           const Constants& constants) {
  std::vector<GivenArgument> given;
  for (const Argument& argument : written) {
    if (const auto value = constant(argument.value, constants)) {
      given.push_back({argument.name, *value, false, argument.location});
    } else if (argument.value.kind == Expression::Kind::name) {
      given.push_back({argument.name, argument.value.name, true, argument.location});
    } else {
      throw Error(argument.location,
                  fmt::format("{} must be a number, a word or a constant", argument.name));
    }
  }
  return given;
}

ArgumentDef integer(std::string_view name, std::string_view doc, std::int64_t default_value,
                    double low, double high) {
  return {name, doc, ArgumentKind::integer, default_value, low, high};
}
ArgumentDef number(std::string_view name, std::string_view doc, double default_value, double low,
                   double high) {
  return {name, doc, ArgumentKind::number, default_value, low, high};
}
ArgumentDef flag(std::string_view name, std::string_view doc, bool default_value) {
  return {name, doc, ArgumentKind::boolean, std::int64_t{default_value}};
}
ArgumentDef choice(std::string_view name, std::string_view doc,
                   std::vector<std::string_view> words) {
  const std::string first(words.front());
  return {name, doc, ArgumentKind::word, first, 0, 0, std::move(words)};
}

ArgumentDef tokenizer_choice() {
  std::vector<std::string_view> names;
  std::vector<std::string_view> docs;
  for (const TokenizerDef* tokenizer : all_tokenizers()) {
    if (tokenizer->split == nullptr) continue;  // those of pretrained models come with them
    names.push_back(tokenizer->name);
    docs.push_back(tokenizer->doc);
  }
  ArgumentDef def = choice("tokenizer", "what is a word", std::move(names));
  def.word_docs = std::move(docs);
  return def;
}

ArgumentDef long_choice() {
  ArgumentDef def =
      choice("long", "what becomes of a text of more than max_tokens", {"cut", "windows"});
  def.word_docs = {"its later tokens are not read",
                   "it is read by overlapping windows of max_tokens, whose logits are averaged"};
  return def;
}

constexpr double kMax = 2147483647;

SettingsGroup text_group() {
  return {
      "text",
      "how a text becomes word ids",
      {tokenizer_choice(), flag("lowercase", "whether case is ignored", true),
       flag("nfkc",
            "whether variants of a character are one (full-width letters, ’ and '), and "
            "characters that are not seen are dropped",
            true),
       integer("vocabulary", "words known at most; the most frequent are kept", 30000, 2, kMax),
       integer("min_count", "words that occur less often are unknown", 1, 1, kMax),
       integer("added_words",
               "words added at most that only the `vectors` have, if `vocabulary` has room",
               1000000, 0, kMax),
       integer("max_tokens", "later words of a text are not read, or in other windows", 400, 1,
               1 << 20),
       long_choice(),
       integer("max_windows", "long=windows: windows of a text at most; what is beyond is cut", 8,
               2, 1 << 10),
       integer("overlap",
               "long=windows: tokens that two windows share; -1: a quarter of max_tokens", -1, 0,
               1 << 20),
       integer("word_ngrams",
               "neighbouring words that are one term more, at most; for bags of words", 1, 1,
               static_cast<double>(kMaxWordNGrams)),
       flag("pair", "two texts are read together; needs `pretrained`", false),
       integer("buckets", "tokenizer=ngrams, fasttext: vectors that all n-grams share, by hash",
               100000, 1, kMostBuckets),
       integer("min_letters", "tokenizer=ngrams, fasttext: letters of the shortest hashed group", 0,
               0, kMostLetters),
       integer("max_letters",
               "the same of the longest; 0: 3 to 6 letters (ngrams), none (fasttext)", 0, 0,
               kMostLetters)}};
}

SettingsGroup train_group() {
  return {
      "train",
      "how training goes",
      {integer("batch", "texts per step", 50, 1, 1 << 20),
       integer("epochs", "passes over the data", 10, 0, kMax),
       integer("steps",
               "steps at least: where texts are few there are more epochs; not where --epochs or "
               "an override says how many",
               0, 0, kMax),
       integer("seed", "of weights, order and dropout", 1, 0, kMax),
       choice("schedule", "how the learning rate falls over the run",
              {"constant", "linear", "cosine", "step"}),
       number("warmup",
              "steps in which the learning rate rises at first; below 1: that share of the run", 0,
              0, kMax),
       number("final_rate", "linear, cosine: the last learning rate, as a share of the first", 0, 0,
              1),
       integer("step_epochs", "step: epochs from one fall to the next", 1, 1, kMax),
       number("step_factor", "step: the learning rate is multiplied by this at each fall", 0.5, 0,
              1),
       integer("patience", "epochs without a better validation before training stops; 0: none", 0,
               0, kMax),
       choice(
           "metric",
           "the measure of the best epoch, on the validation data; auto: the mean of accuracy and "
           "macro F1 (of several labels a text: micro F1), less a share of the loss, which is "
           "large where there are few texts",
           {"auto", "accuracy", "macro_f1", "micro_f1", "loss"}),
       integer("average",
               "last epochs whose mean weights are kept, unless the best epoch is better: with "
               "metric=auto, by more than chance can explain; 0: none",
               0, 0, 1000),
       number("clip_norm", "limit of the norm of all gradients together; 0: none", 0, 0, 1e6),
       number("clip_value", "limit of each number of a gradient; 0: none", 0, 0, 1e6),
       number("label_smoothing", "share of certainty spread over all labels", 0, 0, 0.99),
       choice("class_weights", "balanced: rare labels count more", {"none", "balanced"}),
       flag("stored_rows", "whether what a frozen encoder makes of a text is kept between epochs",
            true)}};
}

ArgumentDef argument_of(const AttrDef& attr) {
  ArgumentDef def{attr.name,          attr.doc, ArgumentKind::number,
                  attr.default_value, attr.low, attr.high};
  if (std::holds_alternative<std::int64_t>(*attr.default_value)) {
    def.kind = attr.low == 0 && attr.high == 1 ? ArgumentKind::boolean : ArgumentKind::integer;
  }
  return def;
}

// An optimizer takes the learning rate and the attributes of its op.
SettingsGroup optimizer_group(const OpDef& op) {
  SettingsGroup group{std::string(op.optimizer), std::string(op.doc), {}};
  group.arguments.push_back(number("rate", "the learning rate", op.learning_rate, 0, 1e6));
  for (const AttrDef& attr : op.attrs) group.arguments.push_back(argument_of(attr));
  return group;
}

// The same arguments, but another meaning.
SettingsGroup lazy(const SettingsGroup& optimizer) {
  return {fmt::format("{}{}", kLazyPrefix, optimizer.name),
          fmt::format("{0}, but the vector of a word that the batch lacks stays as it is "
                      "(SparseAdam's way, not {0}'s)",
                      optimizer.name),
          optimizer.arguments};
}

std::vector<SettingsGroup> make_settings() {
  std::vector<SettingsGroup> groups{text_group(), train_group()};
  for (const OpDef* op : all_ops()) {
    if (!op->optimizer.empty()) groups.push_back(optimizer_group(*op));
  }
  for (std::size_t i = 2, plain = groups.size(); i < plain; ++i) groups.push_back(lazy(groups[i]));
  return groups;
}

const SettingsGroup* find_group(std::string_view name) {
  const auto& groups = all_settings();
  const auto at = std::ranges::find(groups, name, &SettingsGroup::name);
  return at == groups.end() ? nullptr : &*at;
}

// The words of a choice of the line `train` stand in the order of their enumeration.
template <class Enumeration>
Enumeration word_of(const Attrs& line, std::string_view name) {
  const auto& arguments = find_group("train")->arguments;
  const auto& words = std::ranges::find(arguments, name, &ArgumentDef::name)->words;
  return static_cast<Enumeration>(std::ranges::find(words, string_attr(line, name)) -
                                  words.begin());
}

void read_train(DescriptionSettings& s, const Attrs& line) {
  s.batch = int_attr(line, "batch");
  s.epochs = int_attr(line, "epochs");
  s.steps = int_attr(line, "steps");
  s.seed = int_attr(line, "seed");
  s.schedule = {word_of<ScheduleShape>(line, "schedule"), float_attr(line, "warmup"),
                float_attr(line, "final_rate"), int_attr(line, "step_epochs"),
                float_attr(line, "step_factor")};
  s.patience = int_attr(line, "patience");
  s.metric = word_of<BestBy>(line, "metric");
  s.average = int_attr(line, "average");
  s.clip_norm = float_attr(line, "clip_norm");
  s.clip_value = float_attr(line, "clip_value");
  s.label_smoothing = float_attr(line, "label_smoothing");
  s.stored_rows = int_attr(line, "stored_rows") != 0;
  s.balanced = string_attr(line, "class_weights") == "balanced";
}

const SettingsGroup* find_optimizer_group(std::string_view name) {
  return name == "text" || name == "train" ? nullptr : find_group(name);
}

void check_optimizer(const Expression& optimizer) {
  if (find_optimizer_group(optimizer.name) != nullptr) return;
  std::vector<std::string> known;
  for (const SettingsGroup& group : all_settings()) {
    if (find_optimizer_group(group.name) != nullptr) known.push_back(group.name);
  }
  throw Error(optimizer.location, fmt::format("there is no optimizer `{}`", optimizer.name),
              suggestion(optimizer.name, known));
}

}  // namespace

const std::vector<SettingsGroup>& all_settings() {
  static const std::vector<SettingsGroup> groups = make_settings();
  return groups;
}

std::int64_t overlap_of(const DescriptionSettings& settings, std::int64_t max_tokens) {
  return settings.overlap >= 0 ? settings.overlap : max_tokens / 4;
}

Attr arithmetic(const std::string& mark, const Attr& a, const Attr& b, SourceLocation location) {
  if (std::holds_alternative<std::string>(a) || std::holds_alternative<std::string>(b)) {
    throw Error(location, fmt::format("`{}` needs numbers", mark));
  }
  const double x = as_number(a);
  const double y = as_number(b);
  if (mark == "/" && y == 0) throw Error(location, "division by zero");
  const double result = mark == "+" ? x + y : mark == "-" ? x - y : mark == "*" ? x * y : x / y;
  constexpr double kExact = 9007199254740992.0;  // integers above are not exact in a double
  const bool integers =
      std::holds_alternative<std::int64_t>(a) && std::holds_alternative<std::int64_t>(b);
  if (integers && result > -kExact && result < kExact) {
    const auto whole = static_cast<std::int64_t>(result);
    if (static_cast<double>(whole) == result) return whole;
  }
  return result;
}

Constants constants_of(const Description& description, const Overrides& overrides,
                       OverrideUse& use) {
  Constants known;
  for (const Binding& binding : description.bindings) {
    try {
      auto value = constant(binding.value, known);
      if (!value) continue;
      if (const GivenArgument* other = overrides.find({}, binding.name, /*bare=*/true, use)) {
        value = other->value;
      }
      known.emplace(binding.name, std::move(*value));
    } catch (const Error&) {
      // not a constant, then
    }
  }
  return known;
}

DescriptionSettings settings_of(const Description& description, const Overrides& overrides) {
  DescriptionSettings settings;
  const Constants constants = constants_of(description, overrides, settings.use);
  std::vector<Diagnostic> errors;
  const auto read = [&](const std::string& keyword, const SettingsLine& line, auto use) {
    try {
      std::vector<std::string> owners = {"train", keyword};  // an optimizer is part of `train`
      if (find_optimizer_group(keyword) == nullptr) owners = {keyword};
      use(settings, check_arguments(keyword, find_group(keyword)->arguments,
                                    given_arguments(line.settings, constants), line.location,
                                    overrides, owners, /*bare=*/true, settings.use));
    } catch (const Error& e) {
      errors.insert(errors.end(), e.diagnostics().begin(), e.diagnostics().end());
    }
  };
  read("text", description.text, [&](DescriptionSettings& s, const Attrs& line) {
    read_text(s, line, description.text.location);
  });
  read("train", description.train, read_train);

  Expression optimizer = description.optimizer;
  if (optimizer.name.empty()) optimizer.name = "adam";
  const SettingsLine arguments{optimizer.arguments, optimizer.location};
  try {
    check_optimizer(optimizer);
    read(optimizer.name, arguments, [&](DescriptionSettings& s, const Attrs& line) {
      s.optimizer = optimizer.name;
      s.learning_rate = float_attr(line, "rate");
      s.optimizer_attrs = line;
      s.optimizer_attrs.erase("rate");
    });
  } catch (const Error& e) {
    errors.insert(errors.end(), e.diagnostics().begin(), e.diagnostics().end());
  }
  if (!errors.empty()) throw Error(errors, description.file, description.source);
  const auto is_overridden = [&](std::string_view name) {
    return overrides.find(std::array{std::string("train")}, name, /*bare=*/true, settings.use);
  };
  if (is_overridden("epochs") && !is_overridden("steps")) settings.steps = 0;
  return settings;
}

}  // namespace weft
