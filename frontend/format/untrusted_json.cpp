// Guards against what a damaged or hostile file may hold, while it is parsed.
#include "frontend/format/untrusted_json.h"

#include <fmt/format.h>

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "ir/diagnostic.h"

namespace weft {
namespace {

using Json = nlohmann::json;

class Guard {
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

Json parse_untrusted_json(std::string_view text) {
  try {
    Guard guard;
    return Json::parse(text, std::ref(guard));
  } catch (const Json::exception&) {
    throw Error("it is not valid JSON");
  }
}

}  // namespace weft
