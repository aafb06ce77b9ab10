// Checks a pass: the graph before it and the graph after it are interpreted and compared.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/interpret.h"

namespace weft {

inline constexpr double kPassTolerance = 1e-9;  // of a number x: times (1 + |x|)

// Every tensor that the graph declares: those given, and the others filled (graph_values.h).
Bindings complete(const Graph&, const Bindings& given);

// Results by their names, and what is written as `write NAME`.
Bindings observe(const Graph&, const Bindings& given);
// Puts the values that were written in `seen` into `given`.
void overlay(Bindings& given, const Bindings& seen);

// What the first tensor of `expected` is off by that does not agree; empty: all do.
std::string first_difference(const Bindings& found, const Bindings& expected,
                             double tolerance = kPassTolerance);
// The same; nor may anything be new.
std::string any_difference(const Bindings& found, const Bindings& expected);

// The same graph where dropout drops nothing.
Graph without_dropout(Graph);

// One pass: the graph before it with its tensors, and after.
struct PassChange {
  const Graph& before;
  const Graph& after;
  Bindings& given;         // a rule may add what the graph after it is to be given
  const Bindings& values;  // seen of the graph before
  const std::function<bool()>& in_time;
  std::vector<std::string>& notes;  // gets what was left out for time
};

// For a pass that is no rewrite.
struct PassRule {
  std::string_view pass;
  std::string (*check)(const PassChange&);  // what is wrong; empty: nothing
};

const PassRule* find_pass_rule(std::string_view pass);  // null: there is none

}  // namespace weft
