// The settings that remain the description's.
#include "frontend/description/pretrained_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "frontend/description/edit_description.h"

namespace weft {
namespace {

constexpr const char* kRemedy = "leave it out; only how long texts are read, and pair, may be said";

bool is_the_models(std::string_view setting) {
  constexpr std::array<std::string_view, 5> kLengths{"max_tokens", "long", "max_windows", "overlap",
                                                     "pair"};
  return std::ranges::find(kLengths, setting) == kLengths.end();
}

std::string message(std::string_view setting) {
  return fmt::format("{} beside `pretrained`: the model brings its tokenizer", setting);
}

}  // namespace

void check_pretrained_text(const Description& description, const Overrides& overrides) {
  for (const Argument& setting : description.text.settings) {
    if (!is_the_models(setting.name)) continue;
    throw Error(setting.location, message(setting.name), kRemedy)
        .in(description.file, description.source);
  }
  constexpr std::string_view kText = "text.";
  for (const auto& [path, value] : overrides.values()) {
    for (const std::string& target : targets_of(description, path)) {
      if (!target.starts_with(kText) || !is_the_models(target.substr(kText.size()))) continue;
      throw Error(fmt::format("--set: {}", message(path)), kRemedy);
    }
  }
}

}  // namespace weft
