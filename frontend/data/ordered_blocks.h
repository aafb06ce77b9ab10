// Processes a stream in blocks: they are read one by one, worked on in parallel, and written in the
// order in which they were read.
#pragma once

#include <cstddef>
#include <functional>

namespace weft {

// The work on a block. Blocks lie in slots, which are reused: memory is bounded, however long the
// stream is.
struct BlockSteps {
  // Fills the slot with the next block; false at the end. One call at a time.
  std::function<bool(std::size_t slot)> read;
  // Workers call it at the same time, each for its own slot.
  std::function<void(std::size_t slot, std::size_t worker)> work;
  // One call at a time, in the order of reading, as soon as all earlier blocks are written.
  std::function<void(std::size_t slot)> write;
};

// The number of slots that keeps this many workers busy while the oldest block is not done.
constexpr std::size_t slots_for(std::size_t workers) { return workers == 1 ? 1 : 2 * workers; }

// Runs the steps until the stream ends, on this thread (worker 0) and workers - 1 others. If a step
// throws, the blocks before it are still written, no later block is, and the exception is thrown
// again.
void run_ordered_blocks(std::size_t workers, const BlockSteps& steps);

}  // namespace weft
