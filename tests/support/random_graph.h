// Random programs with everything that runs them: what passes must preserve is tested on these.
#pragma once

#include <cstdint>

#include "ir/interpret.h"

namespace weft {

// SplitMix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits();
  std::int64_t below(std::int64_t limit);  // uniform in [0, limit)
  double uniform(double low, double high);
  bool chance(double probability) { return uniform(0.0, 1.0) < probability; }

 private:
  std::uint64_t state_;
};

struct RandomProgram {
  Graph graph;     // results %loss, %logits, %probabilities
  Bindings given;  // every input, param and state
};

// A classifier over ragged batches with empty and short sequences: embeddings, convolutions of all
// paddings, pools, dense layers, normalisation, shared values, dead ends, equal nodes, identities.
// With `inference` the same program in its form for prediction: no dropout, running statistics.
RandomProgram random_program(std::uint64_t seed, bool inference = false);

}  // namespace weft
