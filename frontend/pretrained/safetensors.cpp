// Opens safetensors files by their headers and converts values as they are read.
#include "frontend/pretrained/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "frontend/pretrained/published_file.h"
#include "frontend/pretrained/stored_floats.h"
#include "ir/diagnostic.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

// A name that can't leave the folder.
bool is_plain_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

std::set<std::string> shards_of(const std::string& index) {
  const nlohmann::json json = parse_published_json(read_published_file(index), index);
  const auto map = json.find("weight_map");
  if (map == json.end() || !map->is_object() || map->empty()) {
    throw Error(fmt::format("{}: has no `weight_map`", index),
                "it is no index of safetensors files: fetch it again");
  }
  std::set<std::string> names;
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string() || !is_plain_file_name(shard.get_ref<const std::string&>())) {
      throw Error(fmt::format("{}: what it gives for `{}` is no name of a file in its folder",
                              index, tensor),
                  "an index names files of its own folder only");
    }
    names.insert(shard.get<std::string>());
  }
  return names;
}

[[noreturn]] void not_finite(std::string_view name, std::span<const float> values,
                             std::int64_t first) {
  const auto at = std::ranges::find_if(values, [](float v) { return !std::isfinite(v); });
  throw Error(fmt::format("`{}` holds a value that is not finite: element {} is {}", name,
                          first + (at - values.begin()), *at),
              "the model diverged in training or the file is damaged: take other weights");
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path)
    : path_(path), file_(path), tensors_(parse_safetensors(file_.bytes(), path)) {}

SafetensorsFolder::SafetensorsFolder(const std::string& folder) {
  const std::string single = (fs::path(folder) / "model.safetensors").string();
  const std::string index = single + ".index.json";
  if (is_there(single)) {
    open(single);
  } else if (is_there(index)) {
    open_shards(folder, index);
  } else {
    throw Error(
        fmt::format("{}: has neither model.safetensors nor model.safetensors.index.json", folder),
        "weights are read as safetensors: convert others with transformers' "
        "save_pretrained(FOLDER)");
  }
  std::ranges::sort(tensors_, {}, &StoredTensor::name);
  const auto twice = std::ranges::adjacent_find(tensors_, {}, &StoredTensor::name);
  if (twice != tensors_.end()) {
    throw Error(fmt::format("{}: `{}` stands in two of its files", folder, twice->name),
                "remove the file that is not of this model, and its lines in the index");
  }
}

const std::string& SafetensorsFolder::file_of(const StoredTensor& tensor) const {
  const auto holds = [&](const auto& file) {
    return find_tensor(file->tensors(), tensor.name) != nullptr;
  };
  return (*std::ranges::find_if(files_, holds))->path();
}

void SafetensorsFolder::open(const std::string& path) {
  files_.push_back(std::make_unique<SafetensorsFile>(path));
  const auto more = files_.back()->tensors();
  tensors_.insert(tensors_.end(), more.begin(), more.end());
}

void SafetensorsFolder::open_shards(const std::string& folder, const std::string& index) {
  const std::set<std::string> names = shards_of(index);
  std::vector<Diagnostic> missing;
  for (const std::string& name : names) {
    if (is_there(fs::path(folder) / name)) continue;
    missing.push_back({{},
                       fmt::format("{}: {} is missing, which {} names", folder, name, index),
                       "fetch the whole folder again"});
  }
  if (!missing.empty()) throw Error(std::move(missing));
  for (const std::string& name : names) open((fs::path(folder) / name).string());
}

const StoredTensor* find_tensor(std::span<const StoredTensor> by_name, std::string_view name) {
  const auto at = std::ranges::lower_bound(by_name, name, {}, &StoredTensor::name);
  return at != by_name.end() && at->name == name ? &*at : nullptr;
}

void read_values(const StoredTensor& tensor, std::int64_t first, std::span<float> into) {
  const std::optional<StoredFloat> kind = find_stored_float(tensor.type);
  if (!kind) {
    throw Error(fmt::format("`{}` is stored as {}", tensor.name, tensor.type),
                "weights are read as F32, F16 or BF16");
  }
  const auto begin = static_cast<std::size_t>(first) * size_of(*kind);
  WEFT_CHECK(first >= 0 && begin + into.size() * size_of(*kind) <= tensor.bytes.size());
  if (!to_floats(*kind, tensor.bytes.data() + begin, into)) not_finite(tensor.name, into, first);
}

void read_values(const StoredTensor& tensor, std::span<float> into) {
  WEFT_CHECK(static_cast<std::int64_t>(into.size()) == tensor.elements());
  read_values(tensor, 0, into);
}

void write_safetensors(const std::string& path, std::vector<OutputTensor> tensors) {
  std::ranges::sort(tensors, {}, &OutputTensor::name);
  // PyTorch's readers ask for the format.
  nlohmann::ordered_json header{{"__metadata__", {{"format", "pt"}}}};
  std::int64_t end = 0, longest = 0;
  for (const OutputTensor& tensor : tensors) {
    const std::int64_t elements = elements_of(tensor.shape);
    const std::int64_t begin = end;
    end += elements * static_cast<std::int64_t>(sizeof(float));
    longest = std::max(longest, elements);
    const bool fresh =
        header
            .emplace(tensor.name,
                     nlohmann::ordered_json{
                         {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}})
            .second;
    WEFT_CHECK(fresh);
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the values are aligned

  AtomicFile file(path);
  const std::uint64_t size = text.size();
  file.write(std::as_bytes(std::span(&size, 1)));
  file.write(text);
  std::vector<float> buffer(static_cast<std::size_t>(longest));
  for (const OutputTensor& tensor : tensors) {
    const std::int64_t elements = elements_of(tensor.shape);
    const auto values = std::span(buffer).first(static_cast<std::size_t>(elements));
    tensor.values(values);
    if (!std::ranges::all_of(values, [](float v) { return std::isfinite(v); })) {
      not_finite(tensor.name, values, 0);
    }
    file.write(std::as_bytes(values));
  }
  file.commit();
}

}  // namespace weft
