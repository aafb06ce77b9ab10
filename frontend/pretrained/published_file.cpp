// Reads what a folder holds with guards against what a damaged or hostile one may hold.
#include "frontend/pretrained/published_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <system_error>
#include <unordered_set>
#include <vector>

#include "ir/diagnostic.h"
#include "ir/file.h"

namespace weft {
namespace {

using Json = nlohmann::json;

constexpr const char* kCopyAgain = "copy the folder again, with all its files as published";
constexpr std::uintmax_t kLargestFile = std::uintmax_t{1} << 30U;  // bytes

// Refuses names that are twice in an object, and nesting without end, while a file is parsed.
class JsonGuard {
 public:
  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    constexpr int kDeepest = 32;
    if (depth > kDeepest) throw Error("its JSON is nested too deep");
    if (event == Json::parse_event_t::object_start) {
      names_.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      names_.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!names_.back().insert(name).second) throw Error(fmt::format("it has `{}` twice", name));
    }
    return true;
  }

 private:
  std::vector<std::unordered_set<std::string>> names_;
};

}  // namespace

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
    JsonGuard guard;
    json = Json::parse(text, std::ref(guard));
  } catch (const Json::exception&) {
    throw Error(fmt::format("{}: it is not valid JSON", path), kCopyAgain);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", path, error.diagnostics().front().message), kCopyAgain);
  }
  if (!json.is_object()) throw Error(fmt::format("{}: it is no JSON object", path), kCopyAgain);
  return json;
}

}  // namespace weft
