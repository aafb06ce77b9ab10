// Every pass, one per file of the same name; passes/table.cpp says what each is for.
#pragma once

#include "passes/pass.h"

namespace weft {

Graph autodiff(const Graph&, PassContext&);
Graph conv1d_to_taps(const Graph&, PassContext&);
Graph cse(const Graph&, PassContext&);
Graph dce(const Graph&, PassContext&);
Graph dedup_tokens(const Graph&, PassContext&);
Graph fold(const Graph&, PassContext&);
Graph fuse_conv1d_bias_relu(const Graph&, PassContext&);
Graph infer_only(const Graph&, PassContext&);
Graph merge_embeddings(const Graph&, PassContext&);
Graph optimizer_step(const Graph&, PassContext&);
Graph zero_copy_concat(const Graph&, PassContext&);
Graph plan_memory(const Graph&, PassContext&);
Graph project_embedding(const Graph&, PassContext&);
Graph row_sparse_optimizer(const Graph&, PassContext&);
Graph simplify(const Graph&, PassContext&);
Graph sink_activation(const Graph&, PassContext&);
Graph sparse_max_gradient(const Graph&, PassContext&);

}  // namespace weft
