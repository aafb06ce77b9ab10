// Descriptions of published models; weights go home by the names that the plan kept of them.
#include "frontend/train/import_pretrained.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "frontend/pretrained/new_folder.h"
#include "frontend/pretrained/pretrained_model.h"
#include "frontend/pretrained/tokenizer_files.h"
#include "frontend/pretrained/write_pretrained.h"
#include "frontend/train/build_plan.h"
#include "frontend/train/family_head.h"
#include "frontend/train/plan_settings.h"

namespace weft {
namespace {

// The plan's tensor for each weight of the published model that it began with. A weight of another
// size only bears the name.
using PublishedWeights = std::map<std::string, const PlanTensor*>;

PublishedWeights published_weights(const Plan& plan, const PretrainedConfig& config) {
  std::map<std::string, Extents> shapes;
  for (const PretrainedWeight& weight : pretrained_weights(config, /*with_pooler=*/true)) {
    shapes.emplace(weight.name, weight.shape);
  }
  PublishedWeights weights;
  for (const Graph& program : plan.programs) {
    for (const Value& value : program.values) {
      const auto attr = value.attrs.find("pretrained");
      if (value.role != Role::param || attr == value.attrs.end()) continue;
      const auto shape = shapes.find(std::get<std::string>(attr->second));
      const PlanTensor* const tensor = plan.tensor(value.name);
      if (shape == shapes.end() || tensor == nullptr) continue;
      const Shape wanted(shape->second.begin(), shape->second.end());
      if (tensor->type == TensorType{DType::f32, wanted, {}}) weights.emplace(shape->first, tensor);
    }
  }
  return weights;
}

}  // namespace

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
  NewFolder written(folder);
  const bool whole = has_family_head(plan, *config);
  config->labels.clear();
  if (whole) config->labels = plan.labels;
  config->task = plan.task;
  if (config->labels.size() == 1 && config->task == Task::single_label) {
    throw Error("the plan has one label: the published form of a classifier has two or more",
                "train it with two labels: those that have it, and those that do not");
  }
  const PublishedWeights weights = published_weights(plan, *config);
  const auto values = [&](const std::string& name) -> std::span<const float> {
    const auto found = weights.find(name);
    if (found == weights.end()) return {};
    const std::span<const std::byte> bytes = found->second->bytes;
    return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
  };
  write_pretrained(written.place(), *config, usual_prefix(*config), values);
  write_tokenizer(written.place(), plan.text, plan.vocabulary, plan.text.max_tokens);
  written.commit();
  return whole;
}

}  // namespace weft
