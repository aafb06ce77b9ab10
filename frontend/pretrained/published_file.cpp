// Reads what a folder holds, which may be damaged or hostile.
#include "frontend/pretrained/published_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "frontend/format/untrusted_json.h"
#include "ir/diagnostic.h"
#include "ir/file.h"

namespace weft {
namespace {

using Json = nlohmann::json;

constexpr const char* kCopyAgain = "copy the folder again, with all its files as published";
constexpr std::uintmax_t kLargestFile = std::uintmax_t{1} << 30U;  // bytes

}  // namespace

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

std::string read_published_file(const std::string& path) {
  // Before it is mapped, which reads it.
  std::error_code no_regular_file;
  const std::uintmax_t size = std::filesystem::file_size(path, no_regular_file);
  if (!no_regular_file && size > kLargestFile) {
    throw Error(
        fmt::format("{}: has {} bytes, which is more than such a file can have", path, size),
        kCopyAgain);
  }
  const MappedFile file(path);
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

Json parse_published_json(std::string_view text, const std::string& path) {
  Json json;
  try {
    json = parse_untrusted_json(text);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", path, error.diagnostics().front().message), kCopyAgain);
  }
  if (!json.is_object()) throw Error(fmt::format("{}: it is no JSON object", path), kCopyAgain);
  return json;
}

}  // namespace weft
