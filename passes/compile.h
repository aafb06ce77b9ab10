// From a forward graph to the programs of a plan.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "passes/pass.h"

namespace weft {

struct CompileOptions {
  bool rewrites = true;  // false: the plain programs, which the rewritten ones must agree with
  TableOptions tables = {};
  PipelineOptions pipeline = {};
};

struct Compiled {
  Graph program;                   // optimised, verified, with every value in its place
  std::vector<std::string> notes;  // what passes did or declined to do, for `weft inspect`
  // Program @load, to be run before `program` is run first and whenever params have changed: see
  // passes/load_program.h.
  std::optional<Graph> load = {};
  // Program @flush, to be run after `program` before anything else reads the params: see
  // passes/flush.h.
  std::optional<Graph> flush = {};
  // Program @encode, which makes the input %rows of `program`, and program @head, which predicts
  // from them: see passes/split_frozen.cpp. None: `program` reads the texts themselves.
  std::optional<Graph> encode = {}, head = {};
};

// `forward` holds all of the model: dropout, the loss, logits and probabilities; its results are
// `loss` and whatever prediction returns. Program @predict keeps what predicts.
Compiled compile_predict(const Graph& forward, const CompileOptions& = {});

// Program @train is one training step: forward, backward and the update by the optimizer that the
// graph's attributes name. It returns the loss, and those of the other results of `forward` that
// the loss is computed from.
Compiled compile_train(const Graph& forward, const CompileOptions& = {});

}  // namespace weft
