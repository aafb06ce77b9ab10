// `weft check`: checks a description without data, and shows the shape of every layer; or validates
// the compiler: what passes and kernels make of a description, a plan or IR text.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <unordered_map>

#include "frontend/cli/command.h"
#include "frontend/description/lower.h"
#include "frontend/description/pretrained_text.h"
#include "frontend/format/escape_controls.h"
#include "frontend/graph_tests/test_file.h"
#include "frontend/graph_tests/validate.h"
#include "frontend/search/search_space.h"
#include "frontend/train/plan_forms.h"
#include "frontend/train/plan_settings.h"
#include "ir/print.h"
#include "runtime/resources/threads.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

struct Flags {
  std::string description, pretrained;
  std::vector<std::string> set;
  std::int64_t labels = 2;
  bool ir = false, compiled = false;
  ValidationOptions validation;
};

// IR text begins with a program, behind comments.
bool is_ir(const std::string& path) {
  return path.ends_with(".ir") || begins_with(path, "program @");
}

// The weights of each layer `a.conv1d`, those of its parts `a.conv1d.inner` among them.
std::unordered_map<std::string, std::int64_t> weights_by_layer(
    const Graph& graph, const std::vector<LoweredLayer>& layers) {
  std::unordered_map<std::string, std::int64_t> weights;
  for (const LoweredLayer& layer : layers) weights[layer.name] = 0;
  for (const Value& value : graph.values) {
    if (value.role != Role::param || value.type.dtype != DType::f32) continue;
    std::string owner = value.name;
    for (std::size_t dot = owner.rfind('.'); dot != std::string::npos; dot = owner.rfind('.')) {
      owner.resize(dot);
      const auto layer = weights.find(owner);
      if (layer == weights.end()) continue;
      layer->second += capacity_elements(graph, value.type);
      break;
    }
  }
  return weights;
}

// Few texts of few words; rows enough for random ids.
constexpr std::int64_t kIds = 101, kTexts = 5;

Graph small_graph(const Lowered& lowered, std::int64_t ids, const TextSettings& text) {
  const std::int64_t tokens = std::max<std::int64_t>(64, max_ids(text));
  return sized(lowered.graph, batch_sizes(ids, kTexts, tokens, text));
}

// Refuses flags that would say nothing of what is checked.
void refuse_given(const CLI::App& app, std::initializer_list<const char*> flags,
                  const std::string& why, const std::string& remedy) {
  for (const char* flag : flags) {
    if (app.count(flag) > 0) throw UsageError(fmt::format("{} {}", flag, why), remedy);
  }
}

void refuse_flags_of_descriptions(const CLI::App& app, const std::string& file) {
  refuse_given(app, {"--set", "--pretrained", "--labels", "--ir", "--compiled"},
               fmt::format("is for a description, and {} is none", file), "leave it out");
}

// Prints what was found; the exit status.
int show(const std::vector<std::pair<std::string, Validation>>& validations) {
  bool failed = false;
  for (const auto& [name, validation] : validations) {
    print_out(name + "\n" + validation.text);
    failed = failed || validation.failed;
  }
  return failed ? 1 : 0;
}

int check_ir(const CLI::App& app, const Flags& flags) {
  refuse_flags_of_descriptions(app, flags.description);
  if (std::error_code none; std::filesystem::is_fifo(flags.description, none)) {
    throw Error(fmt::format("{}: is a pipe or device", flags.description),
                "save it to a file first");
  }
  std::vector<std::pair<std::string, Validation>> validations;
  for (const Graph& graph : parse_programs(read_text(flags.description), flags.description)) {
    validations.emplace_back("program @" + graph.name, validate_graph(graph, {}, flags.validation));
  }
  return show(validations);
}

Validation validate_description(const Plan& plan, const ValidationOptions& options) {
  const Lowered lowered = lower_again(plan);
  const std::optional<PretrainedConfig> config = pretrained_of(plan);
  const std::int64_t ids =
      table_rows(std::min(kIds, id_count(plan.text, kIds)), config ? &*config : nullptr);
  return validate_graph(small_graph(lowered, ids, plan.text), {}, options);
}

// Its own programs with its own weights; and its description, compiled anew at a small size.
int check_plan_file(const CLI::App& app, const Flags& flags) {
  refuse_flags_of_descriptions(app, flags.description);
  const Plan plan = read_plan(flags.description);
  const std::optional<std::string> imported = imported_file(plan);
  if (imported) {
    refuse_given(
        app, {"--passes"},
        fmt::format("has nothing to run on: {} was imported from {} and has no description",
                    flags.description, escape_controls(*imported)),
        "leave it out");
  }
  std::vector<std::pair<std::string, Validation>> validations;
  validations.emplace_back("the programs of the plan", validate_plan(plan, flags.validation));
  if (imported) {
    validations.back().second.text +=
        fmt::format("  note: imported from {}: there is no description to compile anew\n",
                    escape_controls(*imported));
  } else {
    validations.emplace_back("its description, compiled anew",
                             validate_description(plan, flags.validation));
  }
  return show(validations);
}

int check(const CLI::App& app, const Flags& flags) {
  if (is_ir(flags.description)) return check_ir(app, flags);
  if (is_plan(flags.description)) return check_plan_file(app, flags);
  if (flags.ir && flags.compiled) {
    throw UsageError("--ir and --compiled exclude each other", "give one of them");
  }
  if (!flags.compiled) {
    refuse_given(app, {"--passes", "--seconds", "--threads"},
                 "is about what a description is compiled to", "add --compiled");
  }
  const Description description = read_model(flags.description);
  const Overrides overrides(flags.set);
  const DescriptionSettings settings = settings_of(description, overrides);
  const bool tuned = description.tune.location.line != 0;
  const InitialSources initial{{}, flags.pretrained};
  if (tuned) search_space(description, overrides, initial);  // throws if the line `tune` is wrong
  InitialVectors initial_vectors(description.file, initial.vectors);
  PretrainedSource pretrained(description.file, initial.pretrained);
  LoweringContext context;
  context.labels = flags.labels;
  context.initial_vectors = &initial_vectors;
  context.pretrained = &pretrained;
  const Lowered lowered = lower(description, settings, context, overrides);
  pretrained.check_claimed();
  if (pretrained.config() != nullptr) check_pretrained_text(description, overrides);
  const std::int64_t ids =
      table_rows(id_count(settings.text, settings.vocabulary), pretrained.config());
  const std::int64_t tokens = settings.batch * max_ids(settings.text);
  const Graph graph = sized(lowered.graph, batch_sizes(ids, settings.batch, tokens, settings.text));
  if (flags.ir) {
    print_out(print(graph));
    return 0;
  }
  if (flags.compiled) {
    const std::int64_t few = pretrained.config() != nullptr ? ids : std::min(ids, kIds);
    return show({{"what " + flags.description + " is compiled to",
                  validate_graph(small_graph(lowered, few, settings.text), {}, flags.validation)}});
  }
  std::size_t width = 5;
  for (const LoweredLayer& layer : lowered.layers) width = std::max(width, layer.name.size());
  print_out(fmt::format("line  {:{}}  {:24}  {:>12}\n", "layer", width, "shape", "weights"));
  std::unordered_map<std::string, std::int64_t> by_layer = weights_by_layer(graph, lowered.layers);
  std::int64_t total = 0;
  for (const LoweredLayer& layer : lowered.layers) {
    const std::int64_t weights = by_layer[layer.name];
    total += weights;
    print_out(fmt::format("{:4}  {:{}}  {:24}  {:>12}\n", layer.location.line, layer.name, width,
                          to_string(graph[layer.value].type),
                          weights == 0 ? "" : fmt::format("{}", weights)));
  }
  print_out(
      fmt::format("{} weights, with a full vocabulary of {} words and {} labels; "
                  "B is the number of texts, T the number of their words\n",
                  total, ids, flags.labels));
  return 0;
}

}  // namespace

Run declare_check(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("MODEL|PLAN|FILE.ir", flags->description,
                 "a model description: its shapes; a plan or IR text: its passes and kernels")
      ->required();
  declare_set(app, flags->set);
  declare_pretrained(app, flags->pretrained);
  app.add_option("--labels", flags->labels, "the number of labels to assume")
      ->check(CLI::Range(1, 1 << 20));
  app.add_flag("--ir", flags->ir, "print the forward graph instead");
  app.add_flag("--compiled", flags->compiled,
               "of a description: check what passes and kernels make of it instead");
  app.add_option("--passes", flags->validation.passes,
                 "check these passes and pipelines, as cse,dce; all by default");
  app.add_option("--seconds", flags->validation.seconds,
                 "the time for comparing a pipeline, or the kernels of an instruction set")
      ->capture_default_str()
      ->check(within(0.0, 1e6));
  app.add_option("--threads", flags->validation.threads, "of kernels")
      ->capture_default_str()
      ->check(CLI::Range(1, kMaxThreads));
  app.footer(
      "Values and gradients are interpreted in double before and after every pass, on numbers\n"
      "made up from a seed. The output of every node's kernel is compared with the op's\n"
      "reference, on every instruction set of this machine (or that of WEFT_ISA). The first pass\n"
      "or node that is wrong is named, with the element; the status is then 1.");
  return [flags, &app] { return check(app, *flags); };
}

}  // namespace weft
