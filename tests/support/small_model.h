// A small model and data for tests that train: built in milliseconds, learnt in a few epochs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/train/build_plan.h"
#include "frontend/train/dataset.h"

namespace weft::test {

inline constexpr std::string_view kSmallModel =
    "model small\n"
    "text   tokenizer=whitespace max_tokens=12\n"
    "x      = embedding(text, width=8)\n"
    "a      = x | conv1d(channels=6, kernel=3) | relu | max_pool\n"
    "b      = x | conv1d(channels=6, kernel=5) | relu | max_pool\n"
    "logits = concat(a, b) | dropout(0.2) | linear(labels)\n"
    "output softmax(logits)\n"
    "train  adam(rate=0.01) batch=8 epochs=3\n";

// 60 texts of 0 to 11 words; the label is whether `hot` or `cold` stands in it.
inline Corpus small_corpus() {
  std::vector<Example> examples;
  std::uint32_t state = 12345;
  const auto random = [&](std::uint32_t below) {
    state = state * 1664525U + 1013904223U;
    return (state >> 16U) % below;
  };
  for (std::size_t i = 0; i < 60; ++i) {
    const bool hot = i % 2 == 0;
    std::string text;
    const std::uint32_t words = i == 7 ? 0 : 1 + random(10);
    const std::uint32_t place = random(words == 0 ? 1 : words);
    for (std::uint32_t w = 0; w < words; ++w) {
      if (w > 0) text += ' ';
      if (w == place) {
        text += hot ? "hot" : "cold";
      } else {
        text += 'w' + std::to_string(random(20));
      }
    }
    examples.push_back({text, {hot ? "summer" : "winter"}, i + 1});
  }
  return Corpus(examples);
}

inline Plan small_plan(std::string_view model = kSmallModel, std::vector<std::string> set = {}) {
  return build_plan(parse_description(model, "small.model"), Overrides(set), small_corpus());
}

}  // namespace weft::test
