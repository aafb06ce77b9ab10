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
#include "ir/plan/plan.h"

namespace weft {

// `2 labels: bad, good`.
inline std::string listed_labels(const std::vector<std::string>& labels) {
  constexpr std::size_t kMostNamed = 10;
  if (labels.size() > kMostNamed) return fmt::format("{} labels", labels.size());
  return fmt::format("{} labels: {}", labels.size(), fmt::join(labels, ", "));
}

// `home: bert, 6 layers, 2 labels: bad, good`, on standard error. No labels: an encoder alone.
inline void say_model(const std::string& place, const PretrainedConfig& config,
                      const std::vector<std::string>& labels) {
  const std::string last = labels.empty() ? "an encoder alone" : listed_labels(labels);
  print_message(stderr, "{}\n",
                escape_controls(fmt::format("{}: {}, {} layer{}, {}", place, config.family,
                                            config.layers, config.layers == 1 ? "" : "s", last)));
}

// `reviews.plan: 26 ops, 2 labels: bad, good, texts of up to 512 tokens`, of an imported graph.
inline void say_imported(const std::string& place, const Plan& plan) {
  print_message(stderr, "{}\n",
                escape_controls(fmt::format("{}: {} ops, {}, texts of up to {} tokens", place,
                                            plan.programs.front().nodes.size(),
                                            listed_labels(plan.labels), plan.text.max_tokens)));
}

}  // namespace weft
