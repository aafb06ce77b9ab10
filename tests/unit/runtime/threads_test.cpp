// The pool: every part of a loop is run, once, and before the loop returns; whoever else loops.
#include "runtime/resources/threads.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// OpenMP's library leaves its parent's memory behind in a child of fork(). The leak checker, where
// there is one, asks this at the end of a process.
static bool is_child = false;
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return is_child ? 1 : 0; }

namespace weft {
namespace {

struct Counts {
  explicit Counts(int parts) : times(static_cast<std::size_t>(parts)) {}
  std::vector<std::atomic<int>> times;  // that a part was run
};

void count(void* context, int part) {
  static_cast<Counts*>(context)->times[static_cast<std::size_t>(part)].fetch_add(1);
}

// How many parts of how many loops were not run exactly once.
int wrong_parts(int loops, int max_parts) {
  int wrong = 0;
  for (int i = 0; i < loops; ++i) {
    const int parts = 1 + i % max_parts;
    Counts counts(parts);
    run_parts(parts, count, &counts);
    for (const auto& times : counts.times) wrong += times != 1;
  }
  return wrong;
}

TEST_CASE("Each part of a loop is run once, be there more parts than CPUs or fewer") {
  CHECK(wrong_parts(2000, 2) == 0);
  CHECK(wrong_parts(500, 9) == 0);
}

TEST_CASE("What a part throws reaches who called for the loop, after all parts have ended") {
  for (int i = 0; i < 300; ++i) {
    std::atomic<int> ended{0};
    std::string caught;
    try {
      parallel_for(4, 4, 1, [&](std::int64_t begin, std::int64_t, int) {
        ++ended;
        if (begin == i % 4) throw std::runtime_error(std::to_string(begin));
      });
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
    REQUIRE(caught == std::to_string(i % 4));
    REQUIRE(ended == 4);
  }
  CHECK(wrong_parts(100, 4) == 0);  // none is thrown again
}

TEST_CASE("Threads that loop at the same time do not disturb one another") {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&wrong, i] { wrong += wrong_parts(300, 2 + i); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

// The thread sanitizer does not support threads in a child of a process that had some.
#if !defined(__SANITIZE_THREAD__)
TEST_CASE("A child of fork() has a pool of its own, as has its child, and ends in order") {
  CHECK(wrong_parts(20, 6) == 0);
  const auto in_child = [](const auto& body) {
    std::cout.flush();
    const pid_t child = ::fork();
    if (child == 0) {
      is_child = true;
      std::exit(body());  // not _exit: the pool is destroyed
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  };
  CHECK(in_child([] { return 0; }) == 0);
  CHECK(in_child([&] {
          if (wrong_parts(50, 6) != 0) return 1;
          return in_child([] { return wrong_parts(50, 6) == 0 ? 0 : 2; });
        }) == 0);
  CHECK(wrong_parts(50, 6) == 0);
}

TEST_CASE("Where no thread can be started, the caller runs all parts") {
  struct rlimit limit = {};
  REQUIRE(::getrlimit(RLIMIT_NPROC, &limit) == 0);
  std::cout.flush();
  const pid_t child = ::fork();
  if (child == 0) {
    // The limit does not bind root: in a child that is nobody it does.
    const rlimit none{0, limit.rlim_max};
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) std::_Exit(3);
    if (::getuid() == 0 && ::setuid(65534) != 0) std::_Exit(4);
    std::_Exit(wrong_parts(20, 6) == 0 ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}
#endif

TEST_CASE("A range is cut without gap or overlap, into parts of at least the grain") {
  for (const std::int64_t n : {0, 1, 7, 100}) {
    for (const int threads : {1, 3, 8}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(n));
      std::atomic<int> small{0};
      parallel_for(threads, n, 10, [&](std::int64_t begin, std::int64_t end, int) {
        small += n >= 10 && end - begin < 10;
        for (std::int64_t i = begin; i < end; ++i) seen[static_cast<std::size_t>(i)]++;
      });
      for (const auto& times : seen) CHECK(times == 1);
      CHECK(small == 0);
    }
  }
}

}  // namespace
}  // namespace weft
