// A small model of several labels per text, for tests that train: built in milliseconds.
#pragma once

#include <string>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/train/build_plan.h"

namespace weft::test {

// Three labels, of which a text has any number.
inline Plan tags_plan() {
  std::vector<Example> examples;
  for (std::size_t i = 0; i < 40; ++i) {
    std::vector<std::string> tags;
    if (i % 2 == 0) tags.emplace_back("hot");
    if (i % 3 == 0) tags.emplace_back("wet");
    if (i % 5 == 0) tags.emplace_back("far");
    std::string text = "w" + std::to_string(i % 7);
    for (const std::string& tag : tags) text += ' ' + tag;
    examples.push_back({text, tags, i + 1});
  }
  return build_plan(parse_description("model tags\ntext tokenizer=whitespace max_tokens=12\n"
                                      "x = embedding(text, width=8) | mean_pool | linear(labels)\n"
                                      "output sigmoid(x)\ntrain adam(rate=0.05) batch=8 epochs=3\n",
                                      "tags.model"),
                    {}, Corpus(examples));
}

}  // namespace weft::test
