// How much memory a plan's programs take, by reckoning, before any of it is taken.
#pragma once

#include <span>

#include "ir/graph.h"

namespace weft {

struct MemoryUse {
  bool average = false;  // the mean of the last epochs' weights is taken
  bool loaded = false;   // the weights are in memory already, in a plan that is given away
  // The share of the rows of tables that are made, each when it is first read.
  double table_rows = 1;
  bool predicts_only = false;  // the other programs, of training, are not bound
};

// Bytes that running them takes beside the data, at its peak: tensors, tables made at load, arenas.
double memory_of(std::span<const Graph> programs, const MemoryUse& use);

}  // namespace weft
