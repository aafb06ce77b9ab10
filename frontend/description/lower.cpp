// Evaluates a description's statements in order; a value is a number, a word or rows of a graph_.
#include "frontend/description/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <variant>

#include "frontend/description/layers.h"
#include "frontend/description/outputs.h"
#include "frontend/format/suggest.h"
#include "ir/op.h"
#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

struct Poisoned {};  // a value whose statement was in error: said once, not again where it is used
using EvaluatedValue = std::variant<Poisoned, Attr, LayerValue>;

// True if the layer knows the bare word: `embedding(text, width=300, static)`.
bool takes_word(const LayerDef& layer, std::string_view word) {
  return std::ranges::any_of(layer.arguments, [&](const ArgumentDef& def) {
    return std::ranges::find(def.words, word) != def.words.end();
  });
}

class Lowering {
 public:
  Lowering(const Description& description, const DescriptionSettings& settings,
           const LoweringContext& context, const Overrides& overrides)
      : description_(description),
        settings_(settings),
        context_(context),
        overrides_(overrides),
        use_(settings.use),
        graph_(lowered_.graph) {}

  // Statements in order; errors are collected, at most one for each.
  Lowered all();

 private:
  void report(const Error& e) {
    errors_.insert(errors_.end(), e.diagnostics().begin(), e.diagnostics().end());
  }
  EvaluatedValue evaluate(const Expression&);
  EvaluatedValue evaluate_binary(const Expression&);
  EvaluatedValue evaluate_name(const Expression&);
  LayerValue evaluate_call(const Expression&);
  LayerValue build(const LayerDef&, std::vector<LayerValue> inputs,
                   std::vector<GivenArgument> given, SourceLocation);
  GivenArgument given(const Argument&);
  std::string prefix_of(std::string_view layer);
  std::vector<std::string> names_in_scope() const;

  void declare_inputs();
  void bind(const Binding&);
  LayerBuilder output();
  void check_used();

  const Description& description_;
  const DescriptionSettings& settings_;
  const LoweringContext& context_;
  const Overrides& overrides_;
  OverrideUse use_;
  std::map<std::string, EvaluatedValue, std::less<>> scope_;
  std::map<std::string, bool, std::less<>> used_;
  std::string binding_;               // whose value is being evaluated
  std::map<std::string, int> count_;  // layers of one name in the binding
  Lowered lowered_;
  Graph& graph_;
  ValueId windows_ = kNoValue;  // which are those of each text; none: a text is one
  std::vector<Diagnostic> errors_;
};

// ---- Expressions

EvaluatedValue Lowering::evaluate(const Expression& e) {
  switch (e.kind) {
    case Expression::Kind::literal:
      return e.literal;
    case Expression::Kind::name:
      return evaluate_name(e);
    case Expression::Kind::binary:
      return evaluate_binary(e);
    case Expression::Kind::call:
      return evaluate_call(e);
  }
  return Poisoned{};
}

std::vector<std::string> Lowering::names_in_scope() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : scope_) names.push_back(name);
  return names;
}

EvaluatedValue Lowering::evaluate_name(const Expression& e) {
  const auto found = scope_.find(e.name);
  if (found != scope_.end()) {
    if (std::holds_alternative<Poisoned>(found->second)) throw Poisoned{};
    used_[e.name] = true;
    return found->second;
  }
  if (e.name == binding_) {
    throw Error(e.location, fmt::format("`{}` is used in its own value", e.name),
                "a value never changes: give the new one another name");
  }
  if (find_layer(e.name) != nullptr) {
    throw Error(e.location, fmt::format("`{}` is a layer, and has no input here", e.name),
                fmt::format("write `x | {0}` or `{0}(x)`", e.name));
  }
  for (const Binding& later : description_.bindings) {
    if (later.name != e.name) continue;
    throw Error(
        e.location,
        fmt::format("`{}` is used before it is named, on line {}", e.name, later.location.line),
        "a value is named on a line before it is used");
  }
  throw Error(e.location, fmt::format("nothing is named `{}`", e.name),
              suggestion(e.name, names_in_scope()));
}

EvaluatedValue Lowering::evaluate_binary(const Expression& e) {
  EvaluatedValue left = evaluate(e.arguments[0].value);
  EvaluatedValue right = evaluate(e.arguments[1].value);
  const auto* a = std::get_if<Attr>(&left);
  const auto* b = std::get_if<Attr>(&right);
  if (a != nullptr && b != nullptr) return arithmetic(e.name, *a, *b, e.location);
  if (a == nullptr && b == nullptr) {
    if (e.name == "/") throw Error(e.location, "rows cannot be divided by rows");
    const LayerDef& layer = *find_layer(e.name == "+" ? "add" : e.name == "-" ? "sub" : "mul");
    return build(layer, {std::get<LayerValue>(left), std::get<LayerValue>(right)}, {}, e.location);
  }
  const bool scaled = e.name == "*" || (e.name == "/" && b != nullptr);
  const Attr& number = a != nullptr ? *a : *b;
  if (!scaled || std::holds_alternative<std::string>(number)) {
    throw Error(e.location, fmt::format("`{}` between rows and a number", e.name),
                "rows may be multiplied or divided by a number: `x * 0.5`");
  }
  const Attr factor = e.name == "/" ? arithmetic("/", 1.0, number, e.location) : number;
  LayerValue rows = std::get<LayerValue>(a != nullptr ? right : left);
  return build(*find_layer("scale"), {std::move(rows)}, {{"factor", factor, false, e.location}},
               e.location);
}

// A name that stands for nothing may be a word of the layer: `padding=same`, `static`, `true`.
GivenArgument Lowering::given(const Argument& argument) {
  const Expression& e = argument.value;
  if (e.kind == Expression::Kind::name && !scope_.contains(e.name)) {
    const bool later = std::ranges::any_of(description_.bindings,
                                           [&](const Binding& b) { return b.name == e.name; });
    if (!later) return {argument.name, e.name, true, argument.location};
  }
  const EvaluatedValue value = evaluate(e);
  if (const auto* attr = std::get_if<Attr>(&value)) {
    return {argument.name, *attr, false, argument.location};
  }
  throw Error(argument.location, fmt::format("`{}` is a value, not a setting", argument.name),
              "inputs are given without a name: concat(a, b)");
}

LayerValue Lowering::evaluate_call(const Expression& e) {
  const LayerDef* layer = find_layer(e.name);
  if (layer == nullptr) {
    std::vector<std::string> names;
    for (const LayerDef& def : all_layers()) names.emplace_back(def.name);
    const bool output = find_output(e.name) != nullptr;
    throw Error(e.location, fmt::format("there is no layer `{}`", e.name),
                output ? fmt::format("{0} belongs on the last line: `output {0}(…)`", e.name)
                       : suggestion(e.name, names));
  }
  std::vector<LayerValue> inputs;
  std::vector<GivenArgument> arguments;
  for (const Argument& argument : e.arguments) {
    const Expression& written = argument.value;
    const bool bare_word = written.kind == Expression::Kind::name &&
                           !scope_.contains(written.name) && takes_word(*layer, written.name);
    if (!argument.name.empty() || bare_word) {
      arguments.push_back(given(argument));
      continue;
    }
    EvaluatedValue value = evaluate(argument.value);
    if (auto* rows = std::get_if<LayerValue>(&value)) {
      inputs.push_back(std::move(*rows));
    } else {
      arguments.push_back({"", std::get<Attr>(value), false, argument.location});
    }
  }
  return build(*layer, std::move(inputs), std::move(arguments), e.location);
}

std::string Lowering::prefix_of(std::string_view layer) {
  const int n = ++count_[std::string(layer)];
  return n == 1 ? fmt::format("{}.{}", binding_, layer)
                : fmt::format("{}.{}{}", binding_, layer, n);
}

LayerValue Lowering::build(const LayerDef& layer, std::vector<LayerValue> inputs,
                           std::vector<GivenArgument> arguments, SourceLocation location) {
  const std::string prefix = prefix_of(layer.name);
  std::vector<std::string> owners = {binding_, prefix.substr(binding_.size() + 1)};
  if (owners.back() != layer.name) owners.emplace_back(layer.name);
  Attrs attrs = check_arguments(layer.name, layer.arguments, arguments, location, overrides_,
                                owners, /*bare=*/false, use_);
  if (inputs.size() < layer.min_inputs || inputs.size() > layer.max_inputs) {
    const bool many = layer.max_inputs > layer.min_inputs;
    throw Error(
        location,
        fmt::format("{} takes {}{} input{}, but is given {}", layer.name, many ? "at least " : "",
                    layer.min_inputs, layer.min_inputs == 1 ? "" : "s", inputs.size()),
        inputs.empty() ? fmt::format("write `x | {}`", layer.name) : "");
  }
  LayerBuilder builder{graph_,
                       layer.name,
                       prefix,
                       location,
                       std::move(inputs),
                       std::move(attrs),
                       context_.initial_vectors,
                       context_.pretrained,
                       context_.labels};
  LayerValue value = layer.build(builder);
  lowered_.layers.push_back({prefix, value.id, location});
  return value;
}

// ---- Statements

void Lowering::bind(const Binding& binding) {
  if (scope_.contains(binding.name)) return;  // a constant
  binding_ = binding.name;
  count_.clear();
  EvaluatedValue bound = Poisoned{};
  try {
    EvaluatedValue value = evaluate(binding.value);
    if (auto* rows = std::get_if<LayerValue>(&value); rows != nullptr && !rows->words) {
      rows->name = binding.name;
      rows->location = binding.location;
    }
    bound = std::move(value);
  } catch (const Error& e) {
    report(e);
  } catch (const Poisoned&) {
    WEFT_CHECK(!errors_.empty());  // its cause has been reported
  }
  scope_.emplace(binding.name, std::move(bound));
}

void Lowering::declare_inputs() {
  graph_.name = "forward";
  graph_.attrs = settings_.optimizer_attrs;
  graph_.attrs["optimizer"] = settings_.optimizer;
  if (settings_.clip_norm > 0) graph_.attrs["clip_norm"] = settings_.clip_norm;
  if (settings_.clip_value > 0) graph_.attrs["clip_value"] = settings_.clip_value;
  graph_.symbol(kVocabularyRows, id_count(settings_.text, settings_.vocabulary));
  graph_.symbol(programs::kTexts, settings_.batch);
  graph_.symbol(programs::kTokens, max_ids(settings_.text));
  const ValueId ids = declare_input(graph_, programs::kIds);
  if (settings_.text.max_windows > 1) {
    graph_.symbol(programs::kWindowCount, settings_.batch * settings_.text.max_windows);
    windows_ = declare_input(graph_, programs::kWindows);
  }
  const ValueId offsets = declare_input(graph_, programs::kOffsets);
  LayerValue text{ids, offsets, true, "text", description_.text.location};
  text.pair = settings_.text.pair;
  scope_["text"] = std::move(text);
  scope_["labels"] = Attr{context_.labels};
}

// The rows that the output is given, and its arguments.
LayerBuilder Lowering::output() {
  const Expression& output = description_.output;
  const OutputDef* const def = find_output(output.name);
  const auto& arguments = output.arguments;
  const bool one_input =
      std::ranges::count(arguments, "", &Argument::name) == 1 && arguments.front().name.empty();
  if (output.kind != Expression::Kind::call || def == nullptr || !one_input) {
    throw Error(output.location,
                "the output must be softmax(logits), sigmoid(logits) or hierarchical_softmax(x)",
                "softmax: each text has one label; sigmoid: it can have several, or none; "
                "hierarchical_softmax: one of very many");
  }
  binding_ = "output";
  count_.clear();
  EvaluatedValue value = evaluate(arguments.front().value);
  const auto* rows = std::get_if<LayerValue>(&value);
  if (rows == nullptr || rows->words) {
    const bool features = def->name == kHierarchicalSoftmax;
    throw Error(output.location,
                fmt::format("{} needs {}", output.name, features ? "features" : "logits"),
                features ? "pool over each text: `| mean_pool`"
                         : "end with a layer such as `| linear(labels)`");
  }
  std::vector<GivenArgument> settings;
  for (const Argument& argument : std::span(arguments).subspan(1)) {
    settings.push_back(given(argument));
  }
  const std::vector<std::string> owners = {"output", std::string(def->name)};
  Attrs attrs = check_arguments(def->name, def->arguments, settings, output.location, overrides_,
                                owners, /*bare=*/false, use_);
  return {graph_, def->name, "output", output.location, {*rows}, std::move(attrs)};
}

// A layer that leads nowhere is a slip: its weights would be stored but never trained.
void Lowering::check_used() {
  for (const Binding& binding : description_.bindings) {
    const EvaluatedValue& value = scope_.at(binding.name);
    if (!std::holds_alternative<LayerValue>(value) || used_[binding.name]) continue;
    errors_.push_back({binding.location, fmt::format("`{}` is never used", binding.name),
                       "use it on the way to the output, or remove the line"});
  }
}

Lowered Lowering::all() {
  declare_inputs();
  for (const auto& [name, value] : constants_of(description_, overrides_, use_)) {
    scope_[name] = value;
  }
  for (const Binding& binding : description_.bindings) bind(binding);
  try {
    LayerBuilder builder = output();
    const OutputDef& def = *find_output(builder.layer);
    OutputContext end{
        builder, windows_, context_.labels, context_.tree_depth, context_.class_weights, settings_};
    lowered_.task = def.task(end);
    if (errors_.empty()) {
      check_used();
      def.build(end);
      if (graph_.find(kLabelTree)) {  // it has weights of its own
        lowered_.layers.push_back({builder.prefix, graph_.results.back(), builder.location});
      }
    }
  } catch (const Error& e) {
    report(e);
  } catch (const Poisoned&) {
    WEFT_CHECK(!errors_.empty());  // its cause has been reported
  }
  if (!errors_.empty()) throw Error(errors_);
  overrides_.check_used(use_);
  return std::move(lowered_);
}

}  // namespace

Lowered lower(const Description& description, const DescriptionSettings& settings,
              const LoweringContext& context, const Overrides& overrides) {
  try {
    return Lowering(description, settings, context, overrides).all();
  } catch (const Error& e) {
    if (e.diagnostics().front().location.line == 0) throw;
    throw e.in(description.file, description.source);
  }
}

}  // namespace weft
