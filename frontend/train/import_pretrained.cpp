// Descriptions of published models; weights go home by the names that the plan kept of them.
#include "frontend/train/import_pretrained.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "frontend/pretrained/family.h"
#include "frontend/pretrained/tokenizer_files.h"
#include "frontend/pretrained/write_pretrained.h"
#include "frontend/train/build_plan.h"
#include "frontend/train/plan_settings.h"

namespace weft {
namespace {

// The plan's tensor for each weight of the published model that it began with.
using PublishedWeights = std::map<std::string, const PlanTensor*>;

PublishedWeights published_weights(const Plan& plan) {
  PublishedWeights weights;
  for (const Graph& program : plan.programs) {
    for (const Value& value : program.values) {
      const auto name = value.attrs.find("pretrained");
      if (value.role != Role::param || name == value.attrs.end()) continue;
      weights.emplace(std::get<std::string>(name->second), plan.tensor(value.name));
    }
  }
  return weights;
}

bool has_classifier(const PretrainedConfig& config, const PublishedWeights& weights) {
  const auto held = [&](const PretrainedWeight& weight) { return weights.contains(weight.name); };
  return std::ranges::all_of(pretrained_weights(config, /*with_pooler=*/false), held);
}

}  // namespace

std::string describe_pretrained(const PretrainedConfig& config, bool pair) {
  const Family& family = *find_family(config.family);
  const std::string head =
      fmt::format(fmt::runtime(family.head), fmt::arg("dropout", config.classifier_dropout),
                  fmt::arg("width", config.width));
  const char* output = config.task == Task::multi_label ? "sigmoid" : "softmax";
  return fmt::format(
      "# A published {0} with the head of a classifier. `train` is for further training.\n"
      "model {0}\n\ntext   max_tokens={1}{4}\nx      = pretrained(text)\nlogits = x | {2}\n"
      "output {3}(logits)\n\ntrain  adamw(rate=0.00005, weight_decay=0.01) batch=32 epochs=3 "
      "schedule=linear warmup=0.1 clip_norm=1\n",
      family.name, std::min<std::int64_t>(512, config.longest_text()), head, output,
      pair ? " pair=true" : "");
}

Plan import_pretrained(const std::string& folder, std::vector<std::string> labels,
                       const CompileOptions& options, bool pair) {
  const PretrainedConfig config = read_config(folder);
  if (labels.empty()) labels = config.labels;
  if (labels.empty()) {
    throw Error(fmt::format("{} is no classifier: it has no labels", folder),
                "name the labels of a new head, --labels good,bad; or train one on data: "
                "`weft new bert`");
  }
  const std::string source = describe_pretrained(config, pair);
  const Description description = parse_description(source, "the description of " + folder);
  return build_without_data(description, {}, std::move(labels), options, {{}, folder});
}

bool export_pretrained(const Plan& plan, const std::string& folder) {
  std::optional<PretrainedConfig> config = pretrained_of(plan);
  if (!config) {
    throw Error("the plan did not begin with a pretrained model",
                "only a model that was published in this form can be written in it");
  }
  const PublishedWeights weights = published_weights(plan);
  config->labels = plan.labels;
  config->task = plan.task;
  const bool whole = has_classifier(*config, weights);
  if (!whole) config->labels.clear();
  const auto values = [&](const std::string& name) -> std::span<const float> {
    const auto found = weights.find(name);
    if (found == weights.end() || found->second == nullptr) return {};
    const std::span<const std::byte> bytes = found->second->bytes;
    return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
  };
  write_pretrained(folder, *config, usual_prefix(*config), values);
  write_tokenizer(folder, plan.text, plan.vocabulary, plan.text.max_tokens);
  return whole;
}

}  // namespace weft
