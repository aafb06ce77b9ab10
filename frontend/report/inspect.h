// The contents of a plan, and the cost and memory of its programs, for `weft inspect`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ir/plan/plan.h"

namespace weft {

struct NodeCost {
  double flops = 0;
  double bytes = 0;           // read and written; of a table only the rows that ids name
  bool by_reference = false;  // its op has no kernel: the reference runs instead, slowly
};

// A value's stay in the arena. Time 0 is before the first node; node i runs at time i + 1.
struct ArenaStay {
  ValueId value{};
  std::int64_t offset = 0, bytes = 0;  // at capacity
  std::size_t first = 0, last = 0;     // both included
};

// Costs hold for `extents`: the batch that is usual, not the largest that fits. What is derived
// from the tokens is taken in proportion to its capacity.
struct ProgramReport {
  const Graph* graph = nullptr;
  std::vector<std::string> notes;
  std::map<std::string, std::int64_t, std::less<>> extents;  // by symbol
  std::vector<NodeCost> nodes;                               // by node
  NodeCost total;
  std::int64_t bound = 0;  // no arena can be smaller
  std::vector<ArenaStay> arena;
};

// The plan must outlive it.
struct Inspection {
  const Plan* plan = nullptr;
  std::int64_t parameters = 0;  // numbers that are learned
  std::int64_t parameter_bytes = 0, state_bytes = 0;
  std::vector<ProgramReport> programs;
};

Inspection inspect(const Plan&);

// By node, where each symbol of the graph has the extent of that name.
std::vector<NodeCost> costs_of(const Graph&,
                               const std::map<std::string, std::int64_t, std::less<>>& extents);

// Ends with a newline. `shown`: the program whose nodes it shows, or all of them, or none.
std::string to_text(const Inspection&, std::string_view shown = "all");
std::string to_json(const Inspection&);  // one object, without a newline

// The first words of the vocabulary, at most `count`.
std::vector<std::string_view> first_words(const Plan&, std::size_t count);

// The arena as a picture: offsets to the right, time downwards; a line shows the fullest moment of
// its span.
std::string arena_chart(const ProgramReport&, std::size_t columns, std::size_t max_lines);

}  // namespace weft
