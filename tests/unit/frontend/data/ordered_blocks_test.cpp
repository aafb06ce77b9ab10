// Blocks come out whole and in order, however many workers there are and however long each takes.
#include "frontend/data/ordered_blocks.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace weft {
namespace {

// A stream of the numbers 0 .. length-1, whose blocks are worked on for uneven times.
struct Stream {
  Stream(std::size_t blocks_in_all, std::size_t workers_in_all)
      : length(blocks_in_all), workers(workers_in_all) {}

  std::size_t length, workers;
  std::vector<std::size_t> blocks = std::vector<std::size_t>(slots_for(workers));
  std::size_t next = 0;
  std::vector<std::size_t> written;
  std::atomic<std::size_t> under_way = 0, max_under_way = 0;
  std::atomic<int> reading = 0, writing = 0;
  std::size_t fail_read = kNever, fail_work = kNever, fail_write = kNever;

  static constexpr std::size_t kNever = static_cast<std::size_t>(-1);

  void run() {
    run_ordered_blocks(workers,
                       {[this](std::size_t slot) { return read(slot); },
                        [this](std::size_t slot, std::size_t worker) { work(slot, worker); },
                        [this](std::size_t slot) { write(slot); }});
  }

  bool read(std::size_t slot) {
    CHECK(++reading == 1);
    const std::size_t max = ++under_way;
    max_under_way = std::max<std::size_t>(max_under_way, max);
    if (next == fail_read) throw std::runtime_error("read");
    blocks.at(slot) = next;
    --reading;
    return next++ < length;
  }

  void work(std::size_t slot, std::size_t worker) {
    CHECK(worker < workers);
    const std::size_t block = blocks.at(slot);
    std::this_thread::sleep_for(std::chrono::microseconds(block * 7919 % 300));
    CHECK(blocks.at(slot) == block);
    if (block == fail_work) throw std::runtime_error("work");
  }

  void write(std::size_t slot) {
    CHECK(++writing == 1);
    if (blocks.at(slot) == fail_write) throw std::runtime_error("write");
    written.push_back(blocks.at(slot));
    --under_way;
    --writing;
  }
};

std::vector<std::size_t> count_to(std::size_t n) {
  std::vector<std::size_t> numbers(n);
  for (std::size_t i = 0; i < n; ++i) numbers[i] = i;
  return numbers;
}

TEST_CASE("ordered blocks: each is written once, in order, with bounded memory") {
  for (const std::size_t workers : {1U, 2U, 3U, 8U}) {
    for (const std::size_t length : {0U, 1U, 2U, 100U}) {
      CAPTURE(workers);
      CAPTURE(length);
      Stream stream{length, workers};
      stream.run();
      CHECK(stream.written == count_to(length));
      CHECK(stream.max_under_way <= slots_for(workers));
    }
  }
}

TEST_CASE("ordered blocks: after an error come the blocks before it, and no others") {
  for (const std::size_t workers : {1U, 2U, 5U}) {
    for (const char* const step : {"read", "work", "write"}) {
      CAPTURE(workers);
      CAPTURE(step);
      Stream stream{1000, workers};
      (step == std::string("read")   ? stream.fail_read
       : step == std::string("work") ? stream.fail_work
                                     : stream.fail_write) = 40;
      CHECK_THROWS_WITH(stream.run(), step);
      CHECK(stream.written == count_to(40));
      CHECK(stream.next < 40 + 2 * slots_for(workers));
    }
  }
  Stream stream{1000, 4};  // of several errors the first in the stream's order
  stream.fail_read = 50;
  stream.fail_work = 49;
  CHECK_THROWS_WITH(stream.run(), "work");
  CHECK(stream.written == count_to(49));
}

// A reader that waits for the answer to one block before it gives the next.
TEST_CASE("ordered blocks: a block is written while the next is waited for") {
  std::size_t next = 0;
  std::atomic<std::size_t> answered = 0;
  run_ordered_blocks(3, {[&](std::size_t) {
                           while (answered < next) std::this_thread::yield();
                           return next++ < 20;
                         },
                         [](std::size_t, std::size_t) {}, [&](std::size_t) { ++answered; }});
  CHECK(answered == 20);
}

}  // namespace
}  // namespace weft
