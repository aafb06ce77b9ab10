// Every worker reads a block, works on it, and writes the finished blocks that are now the oldest.
#include "frontend/data/ordered_blocks.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace weft {
namespace {

class OrderedBlocks {
 public:
  OrderedBlocks(std::size_t slots, const BlockSteps& steps) : steps_(steps), slots_(slots) {}

  void work(std::size_t worker) {
    while (const std::optional<std::size_t> slot = read()) {
      std::exception_ptr error;
      try {
        steps_.work(*slot, worker);
      } catch (...) {
        error = std::current_exception();
      }
      finish(*slot, error);
    }
  }

  // When all workers have returned.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
    if (read_error_) std::rethrow_exception(read_error_);
  }

 private:
  struct Slot {
    bool done = false;
    std::exception_ptr error;
  };

  // The slot of the next block; none at the end.
  std::optional<std::size_t> read() {
    const std::lock_guard reading(reading_);
    if (ended_) return {};
    {
      std::unique_lock writing(writing_);
      moved_.wait(writing, [&] { return stopped_ || read_ - written_ < slots_.size(); });
      if (stopped_) return {};
    }
    const std::size_t slot = read_ % slots_.size();
    try {
      ended_ = !steps_.read(slot);
    } catch (...) {
      read_error_ = std::current_exception();
      ended_ = true;
    }
    if (ended_) return {};
    ++read_;
    return slot;
  }

  void finish(std::size_t slot, const std::exception_ptr& error) {
    const std::lock_guard writing(writing_);
    slots_[slot] = {true, error};
    while (!stopped_ && slots_[written_ % slots_.size()].done) {
      const std::size_t oldest = written_++ % slots_.size();
      slots_[oldest].done = false;
      try {
        if (slots_[oldest].error) std::rethrow_exception(slots_[oldest].error);
        steps_.write(oldest);
      } catch (...) {
        error_ = std::current_exception();
        stopped_ = true;
      }
    }
    moved_.notify_one();  // only the thread that holds `reading_` waits
  }

  const BlockSteps& steps_;

  std::mutex reading_;
  bool ended_ = false;
  std::size_t read_ = 0;  // blocks
  std::exception_ptr read_error_;

  std::mutex writing_;  // taken after `reading_`
  std::condition_variable moved_;
  bool stopped_ = false;
  std::size_t written_ = 0;  // blocks
  std::vector<Slot> slots_;
  std::exception_ptr error_;
};

}  // namespace

void run_ordered_blocks(std::size_t workers, const BlockSteps& steps) {
  OrderedBlocks blocks(slots_for(workers), steps);
  {
    std::vector<std::jthread> others;
    for (std::size_t worker = 1; worker < workers; ++worker) {
      try {
        others.emplace_back([&blocks, worker] { blocks.work(worker); });
      } catch (const std::system_error&) {
        break;  // the system grants no more threads; fewer do the same
      }
    }
    blocks.work(0);
  }
  blocks.rethrow();
}

}  // namespace weft
