// Sessions of the C interface, and texts to teach them.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/plan/plan.h"
#include "runtime/weft.h"
#include "tests/support/small_model.h"

namespace weft::test {

inline void said(std::string_view part) {
  CHECK_MESSAGE(std::string_view(weft_error()).find(part) != std::string_view::npos,
                std::string(weft_error()));
}

inline weft_session* opened(const Plan& plan, int train) {
  const std::vector<std::byte> bytes = encode_plan(plan);
  weft_session* c = weft_load_memory(bytes.data(), bytes.size(), 1, train);
  REQUIRE(c != nullptr);
  return c;
}

// The small corpus with the labels of its plan; every `wrong`-th label is wrong, if that is not 0.
struct Data {
  std::vector<std::string> strings;
  std::vector<const char*> texts;
  std::vector<std::int32_t> labels;

  explicit Data(std::size_t wrong = 11) {
    const Corpus corpus = small_corpus();
    for (std::size_t i = 0; i < corpus.size(); ++i) {
      strings.emplace_back(corpus.text(i));
      const auto label = static_cast<std::int32_t>(corpus.labels(i).front());
      labels.push_back(wrong != 0 && i % wrong == 0 ? 1 - label : label);
    }
    for (const std::string& string : strings) texts.push_back(string.c_str());
  }
  std::size_t size() const { return texts.size(); }
};

inline void learn(weft_session* c, const Data& data, int epochs) {
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (std::size_t i = 0; i + 4 <= data.size(); i += 4) {
      REQUIRE(weft_train_step(c, data.texts.data() + i, nullptr, 4, data.labels.data() + i, 0.02,
                              nullptr) == WEFT_OK);
    }
  }
}

}  // namespace weft::test
