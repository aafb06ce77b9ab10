// Handlers of an application that run while products are computed: on the thread's own stack, never
// on memory of the heap, which a library of products may use as one.
#include <doctest/doctest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <thread>
#include <vector>

#include "runtime/kernels/products.h"

namespace weft {
namespace {

std::atomic<std::uintptr_t> stack_begin, stack_end;
std::atomic<int> on_stack, elsewhere;

void on_signal(int) {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  ++(here >= stack_begin && here < stack_end ? on_stack : elsewhere);
}

// A thread that interrupts this one until it goes out of scope.
class Interrupting {
 public:
  Interrupting() {
    pthread_attr_t of;
    REQUIRE(::pthread_getattr_np(::pthread_self(), &of) == 0);
    void* begin = nullptr;
    std::size_t size = 0;
    REQUIRE(::pthread_attr_getstack(&of, &begin, &size) == 0);
    ::pthread_attr_destroy(&of);
    stack_begin = reinterpret_cast<std::uintptr_t>(begin);
    stack_end = stack_begin + size;
    struct sigaction action = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGUSR1, &action, nullptr);
    sender_ = std::thread([this, target = ::pthread_self()] {
      while (!over_) {
        ::pthread_kill(target, SIGUSR1);
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
  }
  ~Interrupting() {
    over_ = true;
    sender_.join();
    std::signal(SIGUSR1, SIG_IGN);  // one may be on its way
  }
  Interrupting(const Interrupting&) = delete;
  Interrupting& operator=(const Interrupting&) = delete;

 private:
  std::atomic<bool> over_{false};
  std::thread sender_;
};

TEST_CASE("signals that arrive during products are handled on the thread's stack") {
  on_stack = elsewhere = 0;
  const Interrupting interrupting;
  constexpr std::int64_t kMost = 300;
  const std::vector<float> a(kMost * kMost, 1.0F), b(kMost * kMost, 2.0F);
  std::vector<float> c(kMost * kMost);
  for (int round = 0; round < 200 && on_stack < 200; ++round) {
    for (const std::array<std::int64_t, 3>& of :
         {std::array<std::int64_t, 3>{100, 48, 256}, {300, 100, 50}, {64, 300, 300}}) {
      for (const bool ta : {false, true}) {
        for (const bool tb : {false, true}) {
          const auto [m, n, k] = of;
          gemm({.transpose_a = ta,
                .transpose_b = tb,
                .m = m,
                .n = n,
                .k = k,
                .a = a.data(),
                .lda = ta ? m : k,
                .b = b.data(),
                .ldb = tb ? k : n,
                .c = c.data(),
                .ldc = n});
          REQUIRE(c[0] == 2.0F * static_cast<float>(k));
        }
      }
    }
  }
  CHECK(on_stack >= 20);
  CHECK(elsewhere == 0);
}

}  // namespace
}  // namespace weft
