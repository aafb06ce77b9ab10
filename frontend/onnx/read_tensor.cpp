// The numbers of a tensor: in the model's file, or in a file beside it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>

#include "frontend/onnx/model.h"
#include "ir/diagnostic.h"

namespace weft::onnx {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const Model& model, const Tensor& tensor, const std::string& what,
                       std::string remedy = "the file is damaged: export the model again") {
  throw Error(fmt::format("{}: the weight `{}` {}", model.path, tensor.name, what),
              std::move(remedy));
}

std::size_t checked_count(const Model& model, const Tensor& tensor) {
  std::int64_t count = 1;
  for (const std::int64_t extent : tensor.shape) {
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count)) {
      fail(model, tensor,
           fmt::format("is of [{}], which is no size", fmt::join(tensor.shape, ", ")));
    }
  }
  return static_cast<std::size_t>(count);
}

std::uint64_t external_number(const Model& model, const Tensor& tensor, std::string_view key,
                              std::uint64_t usual) {
  const auto found = tensor.external.find(key);
  if (found == tensor.external.end()) return usual;
  const std::string& text = found->second;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail(model, tensor, fmt::format("begins at `{}` of another file, which is no number", text));
  }
  return value;
}

// The place of a file in the model's folder, or below it, symbolic links followed. What a name in a
// file leads to is opened only there: a model that somebody sent must not read other files.
std::string place_in_folder(const Model& model, const Tensor& tensor) {
  const std::string& name = tensor.external.at("location");
  if (name.find('\0') != std::string::npos) {  // the system would open what is before it
    fail(model, tensor, "lies in a file whose name holds a NUL character, as no file's does");
  }
  const fs::path location = name;
  const fs::path folder = fs::path(model.path).parent_path();
  std::error_code error;
  const fs::path root = fs::weakly_canonical(folder.empty() ? fs::path(".") : folder, error);
  const fs::path place = fs::weakly_canonical(root / location, error);
  const auto [in_root, in_place] =
      std::mismatch(root.begin(), root.end(), place.begin(), place.end());
  if (location.empty() || location.is_absolute() || error || in_root != root.end()) {
    fail(model, tensor,
         fmt::format("lies in `{}`, which is not in the folder of the model", location.string()),
         "external data is read from the model's own folder only: put the file there");
  }
  return place.lexically_relative(root).string();
}

// The bytes of external data, and the file that keeps them.
struct External {
  std::shared_ptr<const MappedFile> file;
  std::string_view bytes;
};

External open_external(const Model& model, const Tensor& tensor, std::uint64_t wanted) {
  External data;
  data.file = std::make_shared<const MappedFile>(fs::path(model.path).parent_path().string(),
                                                 place_in_folder(model, tensor), false);
  const std::size_t size = data.file->bytes().size();
  const std::uint64_t offset = external_number(model, tensor, "offset", 0);
  const std::uint64_t length = external_number(model, tensor, "length", wanted);
  if (offset > size || length > size - offset) {
    fail(model, tensor,
         fmt::format("lies in {} bytes from byte {} of `{}`, which has {}", length, offset,
                     tensor.external.at("location"), size),
         "the file beside the model was cut short, or is another model's: copy both again");
  }
  data.bytes = {reinterpret_cast<const char*>(data.file->bytes().data()) + offset,
                static_cast<std::size_t>(length)};
  return data;
}

template <class T>
void widen(std::string_view raw, std::vector<double>& into) {
  for (std::size_t at = 0; at < raw.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, raw.data() + at, sizeof value);
    into.push_back(static_cast<double>(value));
  }
}

struct Format {
  std::size_t size;  // bytes of an element
  void (*widen)(std::string_view, std::vector<double>&);
};

std::optional<Format> format_of(std::int64_t type) {
  switch (static_cast<ElementType>(type)) {
    case ElementType::f32:
      return Format{4, widen<float>};
    case ElementType::u8:
      return Format{1, widen<std::uint8_t>};
    case ElementType::i8:
      return Format{1, widen<std::int8_t>};
    case ElementType::i32:
      return Format{4, widen<std::int32_t>};
    case ElementType::i64:
      return Format{8, widen<std::int64_t>};
    case ElementType::boolean:
      return Format{1, widen<std::uint8_t>};
    case ElementType::f64:
      return Format{8, widen<double>};
  }
  return std::nullopt;
}

}  // namespace

std::vector<double> read_tensor(const Model& model, const Tensor& tensor) {
  const std::size_t count = checked_count(model, tensor);
  const auto format = tensor.type > 0xFF ? std::nullopt : format_of(tensor.type);
  if (!format) {
    fail(model, tensor, fmt::format("is {}, which weft does not read", type_name(tensor.type)),
         "export the model in float32: model.float() before torch.onnx.export");
  }
  const std::size_t numbers = tensor.floats.size() + tensor.doubles.size() + tensor.integers.size();
  const int places = (numbers > 0) + !tensor.raw.empty() + !tensor.external.empty();
  if (places > 1) fail(model, tensor, "has its numbers in two places");
  std::vector<double> values;
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, format->size, &bytes)) fail(model, tensor, "is too large");
  const auto check_size = [&](std::uint64_t have, std::uint64_t want) {
    if (have == want) return;
    fail(model, tensor,
         fmt::format("is of [{}], but {} of {} {} are there", fmt::join(tensor.shape, ", "), have,
                     want, tensor.raw.empty() && tensor.external.empty() ? "numbers" : "bytes"));
  };
  if (!tensor.external.empty()) {
    const External data = open_external(model, tensor, bytes);
    check_size(data.bytes.size(), bytes);
    values.reserve(count);
    format->widen(data.bytes, values);
  } else if (!tensor.raw.empty()) {
    check_size(tensor.raw.size(), bytes);
    values.reserve(count);
    format->widen(tensor.raw, values);
  } else {
    check_size(numbers, count);
    values.assign(tensor.floats.begin(), tensor.floats.end());
    values.insert(values.end(), tensor.doubles.begin(), tensor.doubles.end());
    values.insert(values.end(), tensor.integers.begin(), tensor.integers.end());
  }
  return values;
}

}  // namespace weft::onnx
