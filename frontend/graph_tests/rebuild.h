// A graph written anew from its nodes: what an edit leaves in disorder is settled.
#pragma once

#include <optional>

#include "ir/graph.h"

namespace weft {

// The same graph with the types that its ops infer now. A computed value whose node is gone becomes
// an input, and a symbol that it would have defined one that the caller binds; nodes, declarations
// and symbols that no result and no write needs go, unless `keep_all`; so do memory plans. None
// where the edited graph breaks a rule.
std::optional<Graph> rebuilt(const Graph& edited, bool keep_all = false);

}  // namespace weft
