// Small models whose first layers are frozen, as a published encoder may be: training splits them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frontend/train/plan_settings.h"
#include "passes/compile.h"
#include "tests/support/small_model.h"

namespace weft::test {

// The layer `h` is frozen, and the head reads what it makes of each token.
inline constexpr std::string_view kTokenRows =
    "model rows_of_tokens\n"
    "text   tokenizer=whitespace max_tokens=12\n"
    "x      = embedding(text, width=64, static)\n"
    "h      = x | conv1d(channels=16, kernel=3) | tanh\n"
    "t      = h | conv1d(channels=6, kernel=3) | relu | max_pool\n"
    "logits = t | dropout(0.2) | linear(labels)\n"
    "output softmax(logits)\n"
    "train  adam(rate=0.01) batch=8 epochs=3\n";

// The same of each text.
inline constexpr std::string_view kTextRows =
    "model rows_of_texts\n"
    "text   tokenizer=whitespace max_tokens=12\n"
    "x      = embedding(text, width=64, static)\n"
    "h      = x | conv1d(channels=16, kernel=3) | relu | max_pool\n"
    "logits = h | dropout(0.2) | linear(labels)\n"
    "output softmax(logits)\n"
    "train  adam(rate=0.01) batch=8 epochs=3\n";

// Without the rewrites that turn a convolution of word vectors into sums of rows: split or not, all
// programs then add in one order, as they do with an encoder.
inline Plan frozen_plan(std::string_view model, bool split = true) {
  CompileOptions options;
  options.pipeline.skip = {"dedup-tokens", "merge-embeddings", "conv1d-to-taps",
                           "project-embedding", "sparse-max-gradient"};
  if (!split) options.pipeline.skip.emplace_back("split-frozen");
  Plan plan = small_plan(model);
  Graph forward = lower_again(plan).graph;
  for (Value& value : forward.values) {
    if (value.name.starts_with("h.")) value.attrs["frozen"] = std::int64_t{1};
  }
  forward = sized(forward, {static_cast<std::int64_t>(plan.vocabulary.ends.size()), 8, 96});
  Compiled predict = compile_predict(forward, options);
  Compiled train = compile_train(forward, options);
  plan.programs = {std::move(predict.program), std::move(train.program)};
  for (std::optional<Graph>* more : {&predict.load, &train.flush, &train.encode, &train.head}) {
    if (*more) plan.programs.push_back(std::move(**more));
  }
  return plan;
}

// The same model, whose training reads the texts themselves.
inline Plan unsplit_plan(std::string_view model) { return frozen_plan(model, /*split=*/false); }

}  // namespace weft::test
