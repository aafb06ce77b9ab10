// How the values of a program share its memory, as a picture: time to the right, offsets upwards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frontend/report/graph_drawing.h"
#include "frontend/report/inspect.h"

namespace weft {

// Where a value lies in the memory of a program, and from which step to which.
struct MemoryBlock {
  std::string value;
  Stage stage = Stage::input;  // of the node that makes it
  ArenaStay stay;
};

struct MemoryMap {
  std::string program;
  std::size_t steps = 0;              // nodes, the time before the first and that after the last
  std::int64_t bytes = 0, bound = 0;  // at capacity; no arena can be smaller than the bound
  std::vector<MemoryBlock> blocks;
};

MemoryMap memory_map(const ProgramReport&);

// A figure of a page: a block for each value, with its name where there is room, and the bound as a
// line. Empty for a program without an arena.
std::string memory_picture(const MemoryMap&, const std::string& id);

}  // namespace weft
