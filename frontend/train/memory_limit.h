// Refuses what the memory cannot hold, while an error can still be said: of what touches too much,
// the system kills the process without a word.
#pragma once

#include <cstdint>
#include <span>

#include "ir/graph.h"

namespace weft {

// Bytes that are free on this machine, or that this process's control groups allow, if that is
// less; the largest number where the system says neither.
std::int64_t available_memory();

// Error, naming the largest tensor, if the programs' tensors and arenas take more than `available`.
void expect_memory(std::span<const Graph> programs, std::int64_t available = available_memory());

}  // namespace weft
