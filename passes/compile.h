// From a forward graph to the programs of a plan.
#pragma once

#include <string>
#include <vector>

#include "passes/pass.h"

namespace weft {

struct Compiled {
  Graph program;                   // optimised, verified, with every value in its place
  std::vector<std::string> notes;  // what passes did or declined to do, for `weft inspect`
};

// `forward` holds all of the model: dropout, the loss, logits and probabilities; its results are
// `loss` and whatever prediction returns. Program @predict keeps what predicts.
Compiled compile_predict(const Graph& forward, const PipelineOptions& = {});

// Program @train is one training step: forward, backward and the update by the optimizer that the
// graph's attributes name. It returns what `forward` returns.
Compiled compile_train(const Graph& forward, const PipelineOptions& = {});

}  // namespace weft
