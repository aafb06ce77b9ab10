// The table of families, made from the list, and their rows with a model's sizes put in.
#include "frontend/pretrained/family.h"

#include <algorithm>
#include <array>

#include "ir/diagnostic.h"

namespace weft {
namespace {

constexpr std::string_view kLayer = "{i}";

bool is_per_layer(const TensorRow& row) { return row.tensor.find(kLayer) != row.tensor.npos; }

std::string with_layer(std::string_view pattern, std::int64_t layer) {
  std::string name(pattern);
  if (const std::size_t at = name.find(kLayer); at != name.npos) {
    name.replace(at, kLayer.size(), std::to_string(layer));
  }
  return name;
}

std::int64_t size_of(char dimension, const PretrainedConfig& config) {
  switch (dimension) {
    case 'V':
      return config.vocabulary;
    case 'P':
      return config.positions;
    case 'T':
      return config.types;
    case 'H':
      return config.width;
    case 'Q':
      return 3 * config.width;
    case 'I':
      return config.inner;
    case 'L':
      return static_cast<std::int64_t>(config.labels.size());
    default:
      break;
  }
  WEFT_CHECK(false);
  return 0;
}

FamilyTensor tensor_of(const TensorRow& row, const PretrainedConfig& config,
                       std::string_view prefix, std::int64_t layer) {
  FamilyTensor tensor{std::string(prefix) + with_layer(row.tensor, layer),
                      {},
                      with_layer(row.weight, layer),
                      row.layout,
                      row.part};
  for (const char dimension : row.shape) tensor.shape.push_back(size_of(dimension, config));
  return tensor;
}

// The rows of a layer stand together and are repeated together.
void append(std::span<const TensorRow> rows, const PretrainedConfig& config,
            std::string_view prefix, std::vector<FamilyTensor>& tensors) {
  const auto first = std::ranges::find_if(rows, is_per_layer);
  const auto last = std::find_if_not(first, rows.end(), is_per_layer);
  const auto put = [&](auto begin, auto end, std::int64_t layer) {
    for (auto row = begin; row != end; ++row) {
      tensors.push_back(tensor_of(*row, config, prefix, layer));
    }
  };
  put(rows.begin(), first, 0);
  for (std::int64_t layer = 0; layer < config.layers; ++layer) put(first, last, layer);
  put(last, rows.end(), 0);
}

}  // namespace

std::span<const Family* const> all_families() {
  static const std::array table = {
#define WEFT_FAMILY(name) &families::name,
#include "frontend/pretrained/families.def"
  };
  return table;
}

const Family* find_family(std::string_view name) {
  const auto table = all_families();
  const auto found = std::ranges::find(table, name, &Family::name);
  return found == table.end() ? nullptr : *found;
}

Extents FamilyTensor::weight_shape() const {
  Extents extents = shape;
  if (layout == Layout::transposed) std::ranges::reverse(extents);
  if (part != Part::whole) extents.back() *= 3;
  return extents;
}

std::int64_t FamilyTensor::first_column() const {
  if (part == Part::whole) return 0;
  const auto place = static_cast<std::int64_t>(part) - static_cast<std::int64_t>(Part::query);
  return place * weight_shape().back() / 3;
}

std::vector<FamilyTensor> tensors_of(const Family& family, const PretrainedConfig& config,
                                     std::string_view prefix, bool with_pooler) {
  std::vector<FamilyTensor> tensors;
  append(family.encoder, config, prefix, tensors);
  if (with_pooler) append(family.pooler, config, prefix, tensors);
  if (!config.labels.empty()) append(family.classifier, config, "", tensors);
  return tensors;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  const std::size_t at = pattern.find(kLayer);
  if (at == pattern.npos) return name == pattern;
  const std::string_view before = pattern.substr(0, at), after = pattern.substr(at + kLayer.size());
  if (!name.starts_with(before) || !name.ends_with(after)) return false;
  if (name.size() <= before.size() + after.size()) return false;
  name.remove_prefix(before.size());
  name.remove_suffix(after.size());
  return std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace weft
