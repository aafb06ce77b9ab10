// A graph with the gradients of what it computes: for comparing two graphs by their gradients.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "ir/graph.h"

namespace weft {

using ResultNames = std::set<std::string, std::less<>>;

// The f32 results from which autodiff goes back through no op without a gradient. None of a graph
// that returns gradients already, or writes.
ResultNames differentiable_results(const Graph&);

// The graph with a result NAME.grad for each param that is not frozen and for each f32 input: the
// gradient of one number that every one of `results`, all differentiable, takes part in: the sum of
// x + x^2 over its elements, weighted so that no two results cancel. None where that number depends
// on none of them.
std::optional<Graph> gradient_form(const Graph&, const ResultNames& results);

}  // namespace weft
