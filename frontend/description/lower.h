// From a parsed model description to its forward graph: settings checked, layers made ops.
#pragma once

#include <string>
#include <vector>

#include "frontend/description/settings.h"
#include "frontend/pretrained/pretrained_source.h"
#include "frontend/vectors/initial_vectors.h"
#include "ir/graph.h"
#include "ir/plan/plan.h"

namespace weft {

// Facts about the data that layers need.
struct LoweringContext {
  std::int64_t labels = 0;
  std::vector<double> class_weights = {};
  InitialVectors* initial_vectors = nullptr;  // null: no file of word vectors is to be opened
  PretrainedSource* pretrained = nullptr;     // the same for the folder of a pretrained model
  // Inner nodes on the longest path of the tree of labels; 0: as if labels were equally frequent.
  std::int64_t tree_depth = 0;
};

// Sizes that are known only after lowering, when the texts have been read.
struct GraphSizes {
  std::int64_t vocabulary = 0;            // rows of the tables of word vectors
  std::int64_t examples = 0, tokens = 0;  // capacities of a batch
  std::int64_t windows = 0;               // the same, where long texts have several
};

// The sizes of a batch. The windows of all texts that fit into its tokens fit, too.
GraphSizes batch_sizes(std::int64_t vocabulary, std::int64_t examples, std::int64_t tokens,
                       const TextSettings&);

// One layer of the description in the graph, for `weft check`.
struct LoweredLayer {
  std::string name;  // a.conv1d
  ValueId value;
  SourceLocation location;
};

// Inputs %ids, %offsets, perhaps %windows and %types, and %labels (or %targets); results %loss,
// %logits, %probabilities.
struct Lowered {
  Graph graph;  // with a symbol V for the rows of tables: `sized` makes it a program
  Task task = Task::single_label;
  std::vector<LoweredLayer> layers;
};

// Throws Error with every bad statement, rendered against the description.
Lowered lower(const Description&, const DescriptionSettings&, const LoweringContext&,
              const Overrides&);

// The lowered graph for a vocabulary and a batch: V becomes a number, and the capacities of derived
// symbols follow from those given. A description is lowered once, and sized for each program.
Graph sized(const Graph& lowered, const GraphSizes&);

}  // namespace weft
