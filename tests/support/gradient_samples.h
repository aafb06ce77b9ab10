// Programs that end with each differentiable op: what its gradient is tested on.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/sample.h"

namespace weft {

// The last node of `body` is differentiated with respect to each of its operands that is a param;
// an operand that is an input must get no gradient.
struct GradientSample {
  std::string body;
  SampleSizes sizes = {};
  std::map<std::string, std::vector<double>> given = {};
  std::vector<std::size_t> flows = {0};  // the outputs that a gradient comes back through
  std::set<std::size_t> constant = {};   // inputs that matter, but by design have no gradient
};

std::vector<GradientSample> gradient_samples();

}  // namespace weft
