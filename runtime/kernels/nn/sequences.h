// Work on packed sequences, cut among threads.
#pragma once

#include <cstdint>

#include "runtime/kernels/kernel.h"
#include "runtime/resources/threads.h"

namespace weft {

// Calls f(sequence, its first row, end) for each; they are cut among threads so that each has some
// 32k elements to read.
template <typename F>
void for_each_sequence(RunContext& run, const Operand& offsets, std::int64_t width, F f) {
  const std::int64_t examples = offsets.extent(0, run) - 1;
  if (examples <= 0) return;
  const std::int64_t elements = offsets.i32()[examples] * width;
  const std::int64_t grain = elements < (1 << 15) ? examples : 1 + examples * (1 << 14) / elements;
  parallel_for(run.threads, examples, grain, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t b = begin; b < end; ++b) f(b, offsets.i32()[b], offsets.i32()[b + 1]);
  });
}

}  // namespace weft
