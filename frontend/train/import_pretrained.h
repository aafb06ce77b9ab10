// A published model as a plan, and a plan's model as published files.
#pragma once

#include <string>
#include <vector>

#include "frontend/pretrained/config.h"
#include "ir/plan/plan.h"
#include "passes/compile.h"

namespace weft {

// The model description of a published model with its family's usual head, which says how it may be
// trained further. `pair`: it reads pairs of texts.
std::string describe_pretrained(const PretrainedConfig&, bool pair = false);

// The model of a folder as a plan that predicts and can be trained. Without `labels` they are those
// of its own classifier; with them its head begins at random unless it has as many. Error if there
// are neither.
Plan import_pretrained(const std::string& folder, std::vector<std::string> labels,
                       const CompileOptions& = {}, bool pair = false);

// Writes the model that a plan began with, as its weights are now, in the published form:
// config.json, model.safetensors, the tokenizer's files. False if the plan's head is not its
// family's: then the encoder alone is written. Error if the plan began with none.
bool export_pretrained(const Plan&, const std::string& folder);

}  // namespace weft
