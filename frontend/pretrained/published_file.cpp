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
constexpr std::size_t kLargestFile = std::size_t{1} << 30U;  // bytes

}  // namespace

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

std::string read_published_file(const std::string& path) {
  const MappedFile file(path, /*ahead=*/false);
  const auto bytes = file.bytes();
  if (bytes.size() > kLargestFile) {
    throw Error(fmt::format("{}: has {} bytes, which is more than such a file can have", path,
                            bytes.size()),
                kCopyAgain);
  }
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
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
