// The line `train`: every optimizer, and what a lazy one does and does not do.
#include "frontend/description/settings.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "frontend/train/trainer.h"
#include "runtime/session.h"
#include "tests/support/small_model.h"

namespace weft {
namespace {

using test::kSmallModel;
using test::small_corpus;

std::string with_optimizer(std::string_view optimizer) {
  std::string model(kSmallModel);
  constexpr std::string_view kWritten = "adam(rate=0.01)";
  return model.replace(model.find(kWritten), kWritten.size(), optimizer);
}

Plan plan_of(std::string_view optimizer, const CompileOptions& options = {}) {
  const Description model = parse_description(with_optimizer(optimizer), "small.model");
  return build_plan(model, {}, small_corpus(), options);
}

// The rows of the embedding table after two steps on the first eight texts, then one on others.
std::vector<float> trained_table(std::string_view optimizer) {
  Session session(plan_of(optimizer), {.threads = 1, .train = true});
  const Corpus corpus = small_corpus();
  for (const std::size_t first : {0U, 0U, 8U}) {
    std::vector<std::string_view> texts;
    std::vector<std::int32_t> labels;
    for (std::size_t i = first; i < first + 8; ++i) {
      texts.push_back(corpus.text(i));
      labels.push_back(static_cast<std::int32_t>(corpus.labels(i)[0]));
    }
    session.train_step(texts, PackedLabels{labels, {}}, 0.01);
  }
  const Plan plan = session.snapshot();
  const auto bytes = plan.tensor("x.embedding.weight")->bytes;
  std::vector<float> table(bytes.size() / sizeof(float));
  std::memcpy(table.data(), bytes.data(), bytes.size());
  return table;
}

TEST_CASE("a lazy optimizer is another one where rows pause, and only there") {
  // Without momentum a row that no text uses rests: lazy or not is the same.
  CHECK(trained_table("lazy_sgd(rate=0.1)") == trained_table("sgd(rate=0.1)"));
  for (const std::string_view plain : {"adam", "adamw", "sgd(momentum=0.9)"}) {
    const std::vector<float> dense = trained_table(plain);
    const std::vector<float> lazy = trained_table(fmt::format("lazy_{}", plain));
    CHECK_MESSAGE(dense != lazy, plain);
    // Rows of words that are in all three batches have missed no step: equal to the last bits.
    std::size_t equal = 0;
    for (std::size_t i = 0; i < dense.size(); ++i) equal += std::abs(dense[i] - lazy[i]) < 1e-6F;
    CHECK_MESSAGE(equal > 0, plain);
  }
}

TEST_CASE("few texts are passed over more often, unless somebody says how often") {
  const Description model = parse_description(
      "model m\nx = embedding(text, width=2)\noutput softmax(x | mean_pool | linear(labels))\n"
      "train adam(rate=0.1) batch=10 epochs=3 steps=20\n");
  const auto epochs = [&](const std::vector<std::string>& set, std::size_t examples) {
    return train_settings(settings_of(model, Overrides(set)), examples).epochs;
  };
  CHECK(epochs({}, 1000) == 3);  // 100 steps each
  CHECK(epochs({}, 70) == 3);    // 21 steps
  CHECK(epochs({}, 61) == 3);
  CHECK(epochs({}, 60) == 4);  // 6 steps each
  CHECK(epochs({}, 1) == 20);
  CHECK(epochs({"train.epochs=3"}, 1) == 3);
  CHECK(epochs({"epochs=5"}, 1) == 5);
  CHECK(epochs({"epochs=5", "steps=8"}, 1) == 8);
  CHECK(epochs({"epochs=0", "steps=8"}, 1) == 0);
}

TEST_CASE("every optimizer has its lazy form, with the same arguments") {
  std::set<std::string> names;
  for (const SettingsGroup& group : all_settings()) names.insert(group.name);
  for (const char* plain : {"adam", "adamw", "sgd", "adadelta", "adagrad"}) {
    CHECK(names.contains(fmt::format("lazy_{}", plain)));
    const Plan plan = plan_of(fmt::format("lazy_{}(rate=0.5)", plain));
    CHECK(std::get<std::string>(plan.program("train")->attrs.at("optimizer")) ==
          fmt::format("lazy_{}", plain));
    CHECK(plan.program("flush") == nullptr);  // nothing is put off
  }
  CHECK_THROWS_WITH_AS(plan_of("lazy_adam(rho=0.9)"), doctest::Contains("takes no `rho`"), Error);
  CHECK_THROWS_WITH_AS(plan_of("lazy_adem"), doctest::Contains("lazy_adam"), Error);
}

TEST_CASE("a lazy optimizer needs the rewrites") {
  CompileOptions plain;
  plain.rewrites = false;
  CHECK_THROWS_WITH_AS(plan_of("lazy_adam", plain), doctest::Contains("there is no lazy_adam"),
                       Error);
}

}  // namespace
}  // namespace weft
