// Translation validation: what each pass made of a graph is interpreted, in double, beside the
// graph that it was given.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/interpret.h"
#include "passes/pass.h"

namespace weft {

struct PassCheck {
  std::string failure;  // names the first pass that changed a number; empty: none did
  std::string refused;  // the message of a pass that did not take the graph, and ended it
  std::vector<std::string> notes;          // what was not compared, and why
  std::vector<std::string_view> compared;  // the passes that changed the graph
  Graph graph;                             // after the last pass that ran
  Bindings given;                          // for `graph`
};

struct PassCheckLimits {
  double seconds = std::numeric_limits<double>::infinity();  // then comparing ends, not the passes
  TableOptions tables = {};
};

// Runs the passes one after another. After each, results and writes must be those of the graph
// before it, to 1e-9 * (1 + |x|), and so must the gradients of all params and inputs, of the loss
// and of every other result, as long as the graph has none of its own; for sink-pick, with nothing
// dropped. What the passes that are no rewrites must keep:
//
//   infer-only                all results but those of training, where nothing is dropped
//   train-only                the loss, gradients, writes, and the results that are left
//   autodiff                  all results; gradients are slopes of the loss, at some elements
//   optimizer-step            results; each gradient goes to the update of its param
//   row-sparse-optimizer      everything, when what it puts off has been made up for (1e-7); of a
//                             lazy optimizer results only
//   split-frozen              all results, given the rows that encode-only makes
//   encode-only               the same, the other way round
//
// `given` holds tensors by name; what the graphs declare besides is filled: see graph_values.h.
PassCheck check_passes(const Graph&, std::span<const Pass* const>, const Bindings& given,
                       const PassCheckLimits& = {});

// Whether check_passes knows what a pass must keep: of every rewrite, and of those above.
bool has_check(const Pass&);

// The same for the cut of a predicting program in two, @load and @predict: see
// passes/load_program.h. `failure` only.
PassCheck check_load_split(const Graph& predict, const Bindings& given);

}  // namespace weft
