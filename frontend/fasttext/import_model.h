// A supervised fastText model as a plan.
#pragma once

#include <string>

#include "ir/plan/plan.h"
#include "passes/compile.h"

namespace weft {

// True for a file that begins as fastText's models do, also those of 2016; false if it cannot be
// read, and for a folder.
bool is_fasttext_model(const std::string& path);

// A plan that reads texts as fastText does and gives its answers. What fastText adds to a
// probability before it takes its logarithm is left out, but for hierarchical softmax, where it is
// added at each inner node. The plan can be trained further, but for weights that are quantised.
// Error, naming the file and the byte, if it is damaged, no classifier, or of a form that cannot be
// read.
Plan import_fasttext(const std::string& path, const CompileOptions& = {});

}  // namespace weft
