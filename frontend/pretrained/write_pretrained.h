// Writes a model as its family publishes it, for other programs to load.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "frontend/pretrained/config.h"

namespace weft {

// The usual prefix of tensor names: the family's in a classifier, none in a bare encoder.
std::string usual_prefix(const PretrainedConfig&);

// The values of a weight by weft's name, valid until the next call; empty where there is none.
using WeightValues = std::function<std::span<const float>(const std::string& name)>;

// Writes config.json and model.safetensors (F32) into the folder. Error, naming all of them, if
// weights are missing; a pooler may be, where no classifier takes it.
void write_pretrained(const std::string& folder, const PretrainedConfig&, const std::string& prefix,
                      const WeightValues&);

}  // namespace weft
