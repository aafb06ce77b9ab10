// Cuts weft's weights into the tensors of the family's table, transposed as it stores them.
#include "frontend/pretrained/write_pretrained.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "frontend/pretrained/family.h"
#include "frontend/pretrained/safetensors.h"
#include "ir/diagnostic.h"
#include "ir/file.h"

namespace weft {
namespace {

// The tensor's [out, in] from columns of the weight's [in, width], by tiles of columns: 16 floats
// are a line of the cache.
void cut_transposed(const FamilyTensor& tensor, std::span<const float> weight,
                    std::span<float> into) {
  constexpr std::int64_t kTile = 16;
  const std::int64_t out = tensor.shape[0], in = tensor.shape[1];
  const std::int64_t width = tensor.weight_shape()[1], first = tensor.first_column();
  for (std::int64_t begin = 0; begin < out; begin += kTile) {
    const std::int64_t end = std::min(begin + kTile, out);
    for (std::int64_t c = 0; c < in; ++c) {
      const float* const from = weight.data() + c * width + first;
      for (std::int64_t r = begin; r < end; ++r) into.data()[r * in + c] = from[r];
    }
  }
}

void cut(const FamilyTensor& tensor, std::span<const float> weight, std::span<float> into) {
  WEFT_CHECK(static_cast<std::int64_t>(weight.size()) == elements_of(tensor.weight_shape()));
  if (tensor.layout == Layout::transposed) return cut_transposed(tensor, weight, into);
  WEFT_CHECK(tensor.part == Part::whole || tensor.shape.size() == 1);
  const auto first = static_cast<std::size_t>(tensor.first_column());
  std::ranges::copy(weight.subspan(first, into.size()), into.begin());
}

}  // namespace

std::string usual_prefix(const PretrainedConfig& config) {
  return config.labels.empty() ? std::string() : std::string(find_family(config.family)->prefix);
}

void write_pretrained(const std::string& folder, const PretrainedConfig& config,
                      const std::string& prefix, const WeightValues& values) {
  const Family* const family = find_family(config.family);
  WEFT_CHECK(family != nullptr);
  const bool with_pooler =
      !family->pooler.empty() && ((!config.labels.empty() && family->classifier_takes_pooler) ||
                                  !values("pooler.weight").empty());
  std::vector<OutputTensor> tensors;
  std::vector<Diagnostic> missing;
  for (const FamilyTensor& tensor : tensors_of(*family, config, prefix, with_pooler)) {
    if (values(tensor.weight).empty()) {
      missing.push_back(
          {{},
           fmt::format("the model has no weight `{}`", tensor.weight),
           fmt::format("`{}` of a {} model is made of it", tensor.name, config.family)});
    }
    tensors.push_back({tensor.name, tensor.shape, [tensor, &values](std::span<float> into) {
                         cut(tensor, values(tensor.weight), into);
                       }});
  }
  if (!missing.empty()) throw Error(std::move(missing));

  const std::filesystem::path path(folder);
  write_safetensors((path / "model.safetensors").string(), std::move(tensors));
  write_file((path / "config.json").string(), to_json(config));
}

}  // namespace weft
