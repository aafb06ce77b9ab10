// What a plan keeps in Plan::settings, a JSON object, so that it can be compiled and trained again
// where no other file is at hand.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "frontend/description/arguments.h"
#include "frontend/description/lower.h"
#include "frontend/pretrained/config.h"
#include "ir/plan/plan.h"

namespace weft {

// The whole object; an empty one if the plan holds none that can be read.
nlohmann::json parsed_settings(const Plan&);

// The settings of a new plan.
std::string settings_json(const Overrides&, const PretrainedConfig*);

// Those of a plan that has no description, because it was made of another program's file.
struct ImportedTexts {
  bool ids = false;         // a text is ids in decimal, `12 7 45`, because it has no tokenizer
  std::int64_t length = 0;  // of all texts, in tokens, that the file fixes; 0: any
  std::optional<double> padding;  // the id that the model leaves out
};
std::string imported_settings(const std::string& file, const ImportedTexts&);
ImportedTexts imported_texts(const Plan&);  // of another plan: nothing is special
// That file; none: the plan has a description.
std::optional<std::string> imported_file(const Plan&);
// The file of a trained model of which the weights are; none: they are weft's. Such a plan has a
// description, and no history.
void set_trained_elsewhere(Plan&, const std::string& file);
std::optional<std::string> trained_elsewhere(const Plan&);
// The plan's description, called `name` in messages. Error, saying so, if it has none.
Description description_of(const Plan&, const std::string& name = "the plan's description");

Overrides overrides_of(const Plan&);  // with which it was built
// The config of the published model that it begins with, if there is one.
std::optional<PretrainedConfig> pretrained_of(const Plan&);

// The share of the data that the plan was never trained on: who goes on training it validates on
// the same texts again.
double held_out_share(const Plan&);  // 0: none, or it is not known
void set_held_out_share(Plan&, double share);

// The plan's description, lowered again as it was.
Lowered lower_again(const Plan&);

}  // namespace weft
