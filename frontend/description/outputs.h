// The outputs that a description may end with: each makes probabilities and a loss of a text's
// rows.
#pragma once

#include <span>
#include <string_view>

#include "frontend/description/layers.h"
#include "frontend/description/settings.h"
#include "ir/plan/plan.h"

namespace weft {

// The param of a plan that holds the tree of labels, of `output hierarchical_softmax(x)`. It is
// given when the plan is made, and never trained.
inline constexpr std::string_view kLabelTree = "output.tree";
inline constexpr std::string_view kHierarchicalSoftmax = "hierarchical_softmax";

// An output makes %loss, %logits and %probabilities of this.
struct OutputContext {
  LayerBuilder& builder;  // of one input: a row per text, or per window
  ValueId windows;        // which of them are each text's; kNoValue: a text is one
  std::int64_t labels = 0;
  std::int64_t tree_depth = 0;  // see LoweringContext
  std::vector<double> class_weights = {};
  const DescriptionSettings& settings;
};

struct OutputDef {
  std::string_view name;
  std::string_view doc;
  std::vector<ArgumentDef> arguments;
  Task (*task)(OutputContext&);   // Error if the rows are not of the form that it takes
  void (*build)(OutputContext&);  // sets the graph's results
};

std::span<const OutputDef> all_outputs();
const OutputDef* find_output(std::string_view name);  // null if there is none

}  // namespace weft
