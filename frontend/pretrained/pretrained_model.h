// A published model in its folder: its config and its weights under weft's names and shapes.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/pretrained/config.h"
#include "frontend/pretrained/family.h"
#include "frontend/pretrained/safetensors.h"

namespace weft {

struct PretrainedWeight {
  std::string name;  // as frontend/pretrained/family.h lists them
  Extents shape;
};

// What weights a model has: the encoder, the pooler if asked for, the classifier if the config has
// labels.
std::vector<PretrainedWeight> pretrained_weights(const PretrainedConfig&, bool with_pooler);

// Opening it is an Error, naming all that is missing, unknown or of another shape, unless the
// folder's tensors are the weights of its config.
class PretrainedModel {
 public:
  explicit PretrainedModel(const std::string& folder);

  const PretrainedConfig& config() const { return config_; }
  const std::string& prefix() const { return prefix_; }  // of tensor names: `bert.` or nothing
  const std::vector<PretrainedWeight>& weights() const { return weights_; }
  bool has(std::string_view name) const { return sources_.contains(name); }
  // What the files hold beyond `weights`, a line for each kind: `cls.* (8 tensors): the heads …`.
  const std::vector<std::string>& unused() const { return unused_; }

  // Fills `into` with the weight of that name, which must be there, row-major, by so many threads.
  // May be called by several threads at once. Error if a value is not finite.
  void read(std::string_view name, std::span<float> into, int threads = 1) const;

 private:
  // A stored tensor and where in the weight it belongs.
  struct Source {
    const StoredTensor* stored;
    FamilyTensor tensor;
  };

  PretrainedConfig config_;
  SafetensorsFolder files_;
  std::string prefix_;
  std::vector<PretrainedWeight> weights_;
  std::map<std::string, std::vector<Source>, std::less<>> sources_;
  std::vector<std::string> unused_;
};

}  // namespace weft
