// A published model as a plan, and a plan's model as published files.
#pragma once

#include <string>
#include <vector>

#include "ir/plan/plan.h"
#include "passes/compile.h"

namespace weft {

// The model of a folder as a plan that predicts and can be trained. Without `labels` they are those
// of its own classifier; with them its head begins at random unless it has as many. Error if there
// are neither.
Plan import_pretrained(const std::string& folder, std::vector<std::string> labels,
                       const CompileOptions& = {}, bool pair = false);

// Writes the model that a plan began with, as its weights are now, in the published form:
// config.json, model.safetensors, the tokenizer's files, all of them or none. False if the plan's
// head is not its family's: then the encoder alone is written. Error if the plan began with none,
// if its head has one label only, or if the folder is there and not empty.
bool export_pretrained(const Plan&, const std::string& folder);

}  // namespace weft
