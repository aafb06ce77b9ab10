// Other forms of a plan: compiled anew, without what only training needs, with its tables computed.
#pragma once

#include <cstdint>

#include "frontend/pretrained/config.h"
#include "ir/plan/plan.h"
#include "passes/compile.h"

namespace weft {

// The same plan, predicting by a program compiled anew from its description. Error if the plan
// lacks a tensor that it would read: of a folded plan, which has tables instead, it says so.
Plan recompile_predict(const Plan&, const CompileOptions&);

// The same plan without what only training needs.
Plan predict_only(const Plan&);

// predict_only, and with what is computed of the weights at load stored in the place of those that
// are not read otherwise.
Plan fold_tables(const Plan&);

// The rows of a table of vectors for so many ids: a pretrained model may have more.
std::int64_t table_rows(std::int64_t ids, const PretrainedConfig*);
std::int64_t table_rows(const Plan&);  // of the plan's own

// Program @predict of a lowered graph, for the batches that predicting makes.
Compiled compile_predicting(const Graph& lowered, std::int64_t table_rows, const TextSettings&,
                            const CompileOptions&);

}  // namespace weft
