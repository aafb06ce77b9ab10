// What one core of this machine can do at most: multiply-adds, and reading memory. Each takes the
// best of some runs, since others on the machine only ever add to the time: 30 ms or so.
#pragma once

#include <cstdint>
#include <span>

namespace weft {

double multiply_add_peak();  // fp32 operations in a second, two to a multiply-add

// Bytes in a second, of reading rows of `floats` numbers, a multiple of 512, one after another.
double read_peak(std::span<const float* const> rows, std::int64_t floats);
// Of reading so many bytes in order again and again: those of a cache if they fit into it.
double read_peak(std::int64_t bytes);

}  // namespace weft
