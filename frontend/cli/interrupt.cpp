// One flag for the whole program; the handler does nothing that a handler may not do.
#include "frontend/cli/interrupt.h"

#include <csignal>
#include <cstdint>
#include <ctime>

namespace weft {
namespace {

std::atomic<bool> interrupted{false};
std::atomic<int> last_signal{SIGINT};
std::atomic<std::int64_t> first_time{0};  // ms; of the first signal
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
              std::atomic<std::int64_t>::is_always_lock_free);

std::int64_t now_in_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void on_signal(int signal) {
  if (!interrupted) {
    last_signal = signal;
    first_time = now_in_ms();
    interrupted = true;
  } else if (now_in_ms() - first_time >= 1000) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);  // pending until this handler returns
  }
}

}  // namespace

const std::atomic<bool>& watch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  if (std::signal(SIGHUP, on_signal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // nohup
  return interrupted;
}

int interrupted_status() { return 128 + last_signal; }

}  // namespace weft
