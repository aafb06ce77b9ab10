// One flag for the whole program; the handler does nothing that a handler may not do.
#include "frontend/cli/interrupt.h"

#include <csignal>

namespace weft {
namespace {

std::atomic<bool> interrupted{false};
std::atomic<int> last_signal{SIGINT};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void on_signal(int signal) {
  last_signal = signal;
  interrupted = true;
  std::signal(signal, SIG_DFL);
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
