// Keys of a plan's settings, each read and written here only. Others stay as they are.
#include "frontend/train/plan_settings.h"

#include <fmt/format.h>

#include <vector>

#include "frontend/description/label_tree.h"
#include "frontend/description/outputs.h"
#include "frontend/format/untrusted_json.h"
#include "frontend/pretrained/pretrained_source.h"

namespace weft {
namespace {

constexpr const char* kOverrides = "overrides";
constexpr const char* kPretrained = "pretrained";
constexpr const char* kHeldOut = "valid_fraction";
constexpr const char* kImported = "imported";
constexpr const char* kTrainedElsewhere = "trained_elsewhere";
constexpr const char* kTexts = "texts";  // of an imported model, an object of these:
constexpr const char* kIds = "ids";
constexpr const char* kLength = "length";
constexpr const char* kPadding = "padding";

std::optional<std::string> text_of(const Plan& plan, const char* key) {
  const nlohmann::json json = parsed_settings(plan);
  const auto text = json.find(key);
  if (text == json.end() || !text->is_string()) return std::nullopt;
  return text->get<std::string>();
}

}  // namespace

nlohmann::json parsed_settings(const Plan& plan) {
  try {
    if (nlohmann::json json = parse_untrusted_json(plan.settings); json.is_object()) return json;
  } catch (const Error&) {  // none, as in plans without, or damaged
  }
  return nlohmann::json::object();
}

std::string settings_json(const Overrides& overrides, const PretrainedConfig* pretrained) {
  nlohmann::json json;
  json[kOverrides] = overrides.assignments();
  if (pretrained != nullptr) json[kPretrained] = to_json(*pretrained);
  return json.dump();
}

std::string imported_settings(const std::string& file, const ImportedTexts& texts) {
  nlohmann::json json{{kImported, file}};
  if (texts.ids) json[kTexts][kIds] = true;
  if (texts.length > 0) json[kTexts][kLength] = texts.length;
  if (texts.padding) json[kTexts][kPadding] = *texts.padding;
  return json.dump();
}

ImportedTexts imported_texts(const Plan& plan) {
  const nlohmann::json json = parsed_settings(plan);
  ImportedTexts texts;
  const auto all = json.find(kTexts);
  if (all == json.end() || !all->is_object()) return texts;
  if (const auto at = all->find(kIds); at != all->end()) texts.ids = *at == true;
  if (const auto at = all->find(kLength); at != all->end() && at->is_number_integer()) {
    texts.length = at->get<std::int64_t>();
  }
  if (const auto at = all->find(kPadding); at != all->end() && at->is_number()) {
    texts.padding = at->get<double>();
  }
  return texts;
}

std::optional<std::string> imported_file(const Plan& plan) { return text_of(plan, kImported); }

std::optional<std::string> trained_elsewhere(const Plan& plan) {
  return text_of(plan, kTrainedElsewhere);
}

void set_trained_elsewhere(Plan& plan, const std::string& file) {
  nlohmann::json json = parsed_settings(plan);
  json[kTrainedElsewhere] = file;
  plan.settings = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Description description_of(const Plan& plan, const std::string& name) {
  if (const std::optional<std::string> file = imported_file(plan)) {
    throw Error(
        fmt::format("the plan was imported from {}: it has no description, which this needs",
                    *file),
        "it predicts, and can be evaluated and calibrated; train it where it was made");
  }
  return parse_description(plan.description, name);
}

Overrides overrides_of(const Plan& plan) {
  const nlohmann::json json = parsed_settings(plan);
  std::vector<std::string> assignments;
  const auto at = json.find(kOverrides);
  if (at != json.end() && at->is_array()) {
    for (const auto& assignment : *at) {
      if (assignment.is_string()) assignments.push_back(assignment.get<std::string>());
    }
  }
  return Overrides(assignments);
}

std::optional<PretrainedConfig> pretrained_of(const Plan& plan) {
  const nlohmann::json json = parsed_settings(plan);
  const auto at = json.find(kPretrained);
  if (at == json.end()) return std::nullopt;
  if (!at->is_string()) throw Error("the plan's settings are damaged");
  return parse_config(at->get<std::string>(), "the plan's pretrained model");
}

double held_out_share(const Plan& plan) {
  const nlohmann::json json = parsed_settings(plan);
  const auto at = json.find(kHeldOut);
  if (at == json.end() || !at->is_number()) return 0;
  const auto share = at->get<double>();
  return share > 0 && share < 1 ? share : 0;
}

void set_held_out_share(Plan& plan, double share) {
  if (share == held_out_share(plan)) return;
  nlohmann::json json = parsed_settings(plan);
  json.erase(kHeldOut);
  if (share > 0) json[kHeldOut] = share;
  plan.settings = json.dump();
}

Lowered lower_again(const Plan& plan) {
  const Description description = description_of(plan);
  const Overrides overrides = overrides_of(plan);
  LoweringContext context;
  context.labels = static_cast<std::int64_t>(plan.labels.size());
  if (const PlanTensor* tree = plan.tensor(kLabelTree)) {
    context.tree_depth = tree_depth({reinterpret_cast<const std::int32_t*>(tree->bytes.data()),
                                     tree->bytes.size() / sizeof(std::int32_t)});
  }
  std::optional<PretrainedSource> pretrained;
  if (const auto config = pretrained_of(plan)) context.pretrained = &pretrained.emplace(*config);
  return lower(description, settings_of(description, overrides), context, overrides);
}

}  // namespace weft
