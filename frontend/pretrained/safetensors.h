// Weights in safetensors files: one file, or a folder of one file or several (shards), and writing.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/pretrained/safetensors_header.h"
#include "ir/file.h"

namespace weft {

// A file, mapped and checked whole except for its values, which are checked when they are read.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::string& path);

  std::span<const StoredTensor> tensors() const { return tensors_; }  // by name
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  MappedFile file_;
  std::vector<StoredTensor> tensors_;
};

// The weights of a folder: `model.safetensors`, or the files that `model.safetensors.index.json`
// names. What a file holds is told by its own header, not by the index.
class SafetensorsFolder {
 public:
  explicit SafetensorsFolder(const std::string& folder);

  const std::string& file_of(const StoredTensor&) const;  // the path; of one of `tensors`

  std::span<const StoredTensor> tensors() const { return tensors_; }  // by name

 private:
  void open(const std::string& path);
  void open_shards(const std::string& folder, const std::string& index);

  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::vector<StoredTensor> tensors_;
};

// The tensor of that name; null where there is none.
const StoredTensor* find_tensor(std::span<const StoredTensor> by_name, std::string_view name);

// Values `first`, `first` + 1, … of a tensor, as many as `into` takes. Error, naming the tensor, if
// it is not F32, F16 or BF16, or a value is infinite or not a number.
void read_values(const StoredTensor&, std::int64_t first, std::span<float> into);
void read_values(const StoredTensor&, std::span<float> into);  // all

struct OutputTensor {
  std::string name;
  Extents shape;
  std::function<void(std::span<float> into)> values;  // fills it, row-major
};

// Writes an F32 file, atomically; in order of names, so that equal tensors give equal bytes. One
// tensor's values are in memory at a time. Error if a value is infinite or not a number.
void write_safetensors(const std::string& path, std::vector<OutputTensor>);

}  // namespace weft
