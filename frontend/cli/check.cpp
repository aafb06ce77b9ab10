// `weft check`: checks a description without data, and shows the shape of every layer.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_map>

#include "frontend/cli/command.h"
#include "frontend/description/lower.h"
#include "frontend/description/pretrained_text.h"
#include "frontend/search/search_space.h"
#include "frontend/train/plan_forms.h"
#include "ir/print.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

struct Flags {
  std::string description, pretrained;
  std::vector<std::string> set;
  std::int64_t labels = 2;
  bool ir = false;
};

// The weights of each layer `a.conv1d`, those of its parts `a.conv1d.inner` among them.
std::unordered_map<std::string, std::int64_t> weights_by_layer(const Graph& graph) {
  std::unordered_map<std::string, std::int64_t> weights;
  for (const Value& value : graph.values) {
    if (value.role != Role::param) continue;
    for (std::size_t dot = value.name.find('.'); dot != std::string::npos;
         dot = value.name.find('.', dot + 1)) {
      weights[value.name.substr(0, dot)] += capacity_elements(graph, value.type);
    }
  }
  return weights;
}

int check(const Flags& flags) {
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
  std::size_t width = 5;
  for (const LoweredLayer& layer : lowered.layers) width = std::max(width, layer.name.size());
  print_out(fmt::format("line  {:{}}  {:24}  {:>12}\n", "layer", width, "shape", "weights"));
  std::unordered_map<std::string, std::int64_t> by_layer = weights_by_layer(graph);
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
  app.add_option("MODEL", flags->description, "a model description")->required();
  declare_set(app, flags->set);
  declare_pretrained(app, flags->pretrained);
  app.add_option("--labels", flags->labels, "the number of labels to assume")
      ->check(CLI::Range(1, 1 << 20));
  app.add_flag("--ir", flags->ir, "print the forward graph instead");
  return [flags] { return check(*flags); };
}

}  // namespace weft
