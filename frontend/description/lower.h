// From a parsed model description to its forward graph: settings checked, layers made ops.
#pragma once

#include <string>
#include <vector>

#include "frontend/description/settings.h"
#include "frontend/vectors/initial_vectors.h"
#include "ir/graph.h"
#include "ir/plan/plan.h"

namespace weft {

// What the graph needs to know of the data and the machine.
struct LoweringSizes {
  std::int64_t vocabulary = 0;
  std::int64_t labels = 0;
  std::int64_t examples = 0, tokens = 0;  // capacities: the most of a batch
  std::vector<double> class_weights = {};
  InitialVectors* initial_vectors = nullptr;  // null: no file of word vectors is to be opened
};

// One layer of the description in the graph, for `weft check`.
struct LoweredLayer {
  std::string name;  // a.conv1d
  ValueId value;
  SourceLocation location;
};

// Inputs %ids, %offsets and %labels (or %targets); results %loss, %logits, %probabilities.
struct Lowered {
  Graph graph;
  Task task = Task::single_label;
  std::vector<LoweredLayer> layers;
};

// Throws Error with every bad statement, rendered against the description.
Lowered lower(const Description&, const DescriptionSettings&, const LoweringSizes&, Overrides&);

}  // namespace weft
