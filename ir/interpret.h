// The definition of what a program means: every op's reference, in double, one node after another.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "ir/op.h"

namespace weft {

using Bindings = std::map<std::string, Tensor, std::less<>>;  // value name -> contents
using SymbolExtents = std::map<std::string, std::int64_t, std::less<>>;

// What a node's reference makes of its operands; null stands for one left out. `extents` holds the
// bound symbols, and then those that the node defines too. Error if one of these is above its
// capacity, or has another extent already.
std::vector<Tensor> evaluate(const Graph&, const Node&, std::span<const Tensor* const> operands,
                             SymbolExtents& extents);

struct Interpretation {
  std::vector<Tensor> results;  // in the order of Graph::results
  Bindings writes;              // target name -> what it holds when the program has ended
};

// `given` holds every input, param and state by name. Symbols are bound from their shapes, or,
// where no shape tells the rows that offsets cut, from the last offset.
// Error if one is missing, or its shape contradicts its type or another's.
Interpretation interpret(const Graph&, const Bindings& given);

}  // namespace weft
