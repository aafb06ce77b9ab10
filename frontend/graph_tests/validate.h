// Translation validation of a graph and of what is compiled from it: passes, then kernels.
#pragma once

#include <string>
#include <vector>

#include "ir/interpret.h"
#include "ir/plan/plan.h"

namespace weft {

struct ValidationOptions {
  std::string passes;   // a list as for `weft opt`; empty: every rewrite by itself, every pipeline
  double seconds = 60;  // for each list of passes, and for the kernels on each instruction set
  int threads = 1;      // of kernels
};

struct Validation {
  bool failed = false;
  std::string text;  // a line for each list of passes and each instruction set; then what is wrong
};

// A graph without a memory plan: what passes make of it is interpreted beside it, and the kernels
// of what it is compiled to run beside their references. What `given` leaves out is filled. Error
// for a graph that breaks a rule, and, where `passes` are named, for one that they refuse.
Validation validate_graph(const Graph&, const Bindings& given, const ValidationOptions&);

// Planned programs, one after another, by their kernels only.
Validation validate_kernels(const std::vector<Graph>& planned, const Bindings& given,
                            const ValidationOptions&);

// A plan's programs with its own weights, by their kernels. Weights of more than 100 million
// numbers are not taken: then the text says so.
Validation validate_plan(const Plan&, const ValidationOptions&);

}  // namespace weft
