// The pretrained encoder that a description begins with: a folder of published files, or what a
// plan remembers of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "frontend/pretrained/config.h"
#include "frontend/pretrained/pretrained_model.h"
#include "frontend/vectors/initial_vectors.h"

namespace weft {

// Files that weights begin with, beside those that a description names.
struct InitialSources {
  VectorsOptions vectors = {};
  std::string pretrained = {};  // the folder of a pretrained model, for a layer that names none
};

// Order of use: lowering the description claims the folder for its layer `pretrained`; then `read`
// fills each weight that says where it begins; then `unused` tells what is left.
class PretrainedSource {
 public:
  // Folders that a description names are sought beside it, then where the program runs. `folder`:
  // for layers that name none; may be empty.
  PretrainedSource(const std::string& description, std::string folder);
  // For a plan, which has the weights: only the sizes are needed.
  explicit PretrainedSource(PretrainedConfig config) : config_(std::move(config)) {}

  // For a layer that names the folder `named`, or nothing. Error if there is none, or a second one.
  const PretrainedConfig& claim(const std::string& named);

  // Null until a folder has been claimed.
  const PretrainedConfig* config() const { return config_ ? &*config_ : nullptr; }
  const std::string& folder() const { return path_; }  // as it was found; empty: there is none
  const PretrainedModel* model() const { return model_.get(); }  // null: there is no folder

  // Fills `into`, of that type, with the published weight of that name. False, and nothing is done,
  // if there is none of that shape: a head for other labels, say.
  bool read(std::string_view weight, const TensorType& type, std::span<float> into);

  // Names the first few tensors of the folder that were not read, and counts the others, in one
  // line: `pooler.weight, pooler.bias and 7 more`. Empty if all were read.
  std::string unused() const;

  // Error where the command line names a folder that no layer has claimed.
  void check_claimed() const;

 private:
  std::string beside_, folder_, path_;
  std::unique_ptr<PretrainedModel> model_;
  std::optional<PretrainedConfig> config_;
  std::set<std::string, std::less<>> read_;  // weights
};

}  // namespace weft
