// Blocks of a stream, read one after another, worked on side by side, written in the order they
// were read.
#pragma once

#include <cstddef>
#include <functional>

namespace weft {

// What happens to a block. Blocks live in slots, which are used again and again: memory is bounded
// however long the stream is.
struct BlockSteps {
  // Fills the slot with the next block; false at the end. One call at a time.
  std::function<bool(std::size_t slot)> read;
  // Calls of different workers run at the same time.
  std::function<void(std::size_t slot, std::size_t worker)> work;
  // One call at a time, in the order of reading, as soon as all before it are written.
  std::function<void(std::size_t slot)> write;
};

// How many slots keep that many workers busy while the oldest block is not done.
constexpr std::size_t slots_for(std::size_t workers) { return workers == 1 ? 1 : 2 * workers; }

// Runs the steps until the stream ends, on this thread (worker 0) and workers - 1 others. An
// exception of a step is thrown again when the blocks before it have been written; no block after
// it is.
void run_ordered_blocks(std::size_t workers, const BlockSteps& steps);

}  // namespace weft
