// Finds and opens the folder.
#include "frontend/pretrained/pretrained_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "ir/diagnostic.h"
#include "runtime/resources/threads.h"

namespace weft {

PretrainedSource::PretrainedSource(const std::string& description, std::string folder)
    : beside_(std::filesystem::path(description).parent_path().string()),
      folder_(std::move(folder)) {}

const PretrainedConfig& PretrainedSource::claim(const std::string& named) {
  if (config_ && model_ == nullptr) return *config_;  // of a plan
  std::string path = named.empty() ? folder_ : named;
  if (path.empty()) {
    throw Error("no folder of a pretrained model is named",
                "write pretrained(text, \"FOLDER\"), or give --pretrained FOLDER");
  }
  std::error_code missing;
  if (!named.empty()) {
    const std::filesystem::path beside = std::filesystem::path(beside_) / named;
    if (std::filesystem::exists(beside, missing)) path = beside.string();
  }
  if (model_ != nullptr && path != path_) {
    throw Error(fmt::format("a second pretrained model, {}, beside {}", path, path_),
                "a description begins with one: it decides the tokenizer");
  }
  if (model_ == nullptr) {
    model_ = std::make_unique<PretrainedModel>(path);
    config_ = model_->config();
    path_ = std::move(path);
  }
  return *config_;
}

bool PretrainedSource::read(std::string_view weight, const TensorType& type,
                            std::span<float> into) {
  if (model_ == nullptr || !model_->has(weight)) return false;
  const auto& weights = model_->weights();
  const auto found = std::ranges::find(weights, weight, &PretrainedWeight::name);
  const auto same = [](std::int64_t extent, const Dim& dim) { return dim == Dim(extent); };
  if (!std::ranges::equal(found->shape, type.shape, same)) return false;
  model_->read(weight, into, default_threads());
  read_.emplace(weight);
  return true;
}

std::string PretrainedSource::unused() const {
  constexpr std::size_t shown = 4;
  if (model_ == nullptr) return {};
  std::vector<std::string> names;
  for (const PretrainedWeight& weight : model_->weights()) {
    if (!read_.contains(weight.name)) names.push_back(weight.name);
  }
  std::ranges::copy(model_->unused(), std::back_inserter(names));
  const std::size_t more = names.size() - std::min(names.size(), shown);
  names.resize(names.size() - more);
  return fmt::format("{}{}", fmt::join(names, ", "),
                     more == 0 ? "" : fmt::format(" and {} more", more));
}

void PretrainedSource::check_claimed() const {
  if (folder_.empty() || model_ != nullptr) return;
  throw Error(fmt::format("{} is of no use: the description has no layer `pretrained`", folder_),
              "begin with `x = pretrained(text)`, as `weft new bert` does");
}

}  // namespace weft
