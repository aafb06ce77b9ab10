// Refuses what the memory cannot hold, while an error can still be said: of what touches too much,
// the system kills the process without a word.
#pragma once

#include <cstdint>
#include <span>

#include "ir/graph.h"
#include "runtime/resources/memory_use.h"

namespace weft {

// Bytes that this process may still take: those that are free on this machine, or that are left to
// it by its control groups and by `ulimit -v` and `-d`, whichever is least; the largest number
// where the system says none of it.
std::int64_t available_memory();
std::int64_t resident_memory();  // bytes that this process has now; 0 where the system does not say

// Gives freed memory back to the system, which else keeps it for what comes next.
void trim_memory();

// Error, naming the largest tensor, if that is more than `available`.
void expect_memory(std::span<const Graph> programs, const MemoryUse& use = {},
                   std::int64_t available = available_memory());

}  // namespace weft
