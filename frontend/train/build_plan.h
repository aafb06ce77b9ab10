// From a model description and data to an untrained plan: vocabulary, programs, first weights.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/description/description.h"
#include "frontend/description/lower.h"
#include "frontend/train/dataset.h"
#include "frontend/vectors/initial_vectors.h"
#include "ir/plan/plan.h"
#include "passes/compile.h"

namespace weft {

// The vocabulary is counted on the examples; labels are those of their whole corpus. Embeddings
// begin with the word vectors that the description or the options name; a note of the plan says
// with how many. Throws Error where the description, the data and the vectors do not fit.
Plan build_plan(const Description&, const Overrides&, const CorpusView& examples,
                const CompileOptions& = {}, VectorsOptions = {});

// The same, and the examples as the plan reads them.
struct BuiltPlan {
  Plan plan;
  Dataset data;
};
BuiltPlan build_with_data(const Description&, const Overrides&, const CorpusView& examples,
                          const CompileOptions& = {}, VectorsOptions = {});

// The same plan, predicting by a program compiled anew from its description. Error if the plan
// lacks the weights: it may hold tables made of them instead.
Plan recompile_predict(const Plan&, const CompileOptions&);

// The same plan without what only training needs.
Plan predict_only(const Plan&);

// predict_only, and with what is computed of the weights at load stored in the place of those that
// are not read otherwise.
Plan fold_tables(const Plan&);

// The overrides that a plan was built with.
Overrides overrides_of(const Plan&);

}  // namespace weft
