// The line that `weft import` and `weft export` end with.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <string>
#include <vector>

#include "frontend/format/escape_controls.h"
#include "frontend/format/message.h"
#include "frontend/pretrained/config.h"

namespace weft {

// `home: bert, 6 layers, 2 labels: bad, good`, on standard error. No labels: an encoder alone.
inline void say_model(const std::string& place, const PretrainedConfig& config,
                      const std::vector<std::string>& labels) {
  constexpr std::size_t kMostNamed = 10;
  std::string last = "an encoder alone";
  if (!labels.empty() && labels.size() <= kMostNamed) {
    last = fmt::format("{} labels: {}", labels.size(), fmt::join(labels, ", "));
  } else if (!labels.empty()) {
    last = fmt::format("{} labels", labels.size());
  }
  print_message(stderr, "{}\n",
                escape_controls(fmt::format("{}: {}, {} layer{}, {}", place, config.family,
                                            config.layers, config.layers == 1 ? "" : "s", last)));
}

}  // namespace weft
