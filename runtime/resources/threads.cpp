// Each thread that runs loops has a pool of its own; the quota comes from the control group's
// files.
//
// OpenMP's pool is not used: at the end of a loop its threads wait by spinning for milliseconds,
// which makes training ten times slower where another process wants the same CPUs. Here a part that
// no worker has begun is run by the caller, and who waits soon sleeps.
#include "runtime/resources/threads.h"

#include <fmt/format.h>
#include <omp.h>
#include <pthread.h>

#include <atomic>
#include <cmath>
#include <exception>
#include <fstream>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "ir/diagnostic.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace weft {
namespace {

// CPUs by the quota of one control group folder: version 2 (`cpu.max`), or version 1.
double group_quota(const std::string& folder) {
  const double unlimited = std::numeric_limits<double>::infinity();
  std::string quota;
  double period = 0;
  if (std::ifstream file(folder + "/cpu.max"); file >> quota >> period) {
    return quota == "max" || period <= 0 ? unlimited : std::stod(quota) / period;
  }
  double microseconds = -1;
  std::ifstream(folder + "/cpu.cfs_quota_us") >> microseconds;
  std::ifstream(folder + "/cpu.cfs_period_us") >> period;
  return microseconds > 0 && period > 0 ? microseconds / period : unlimited;
}

// The tightest quota from this process's group up to the root.
double quota() {
  const std::string root = "/sys/fs/cgroup";
  double tightest = group_quota(root + "/cpu");
  std::string path;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (line.starts_with("0::")) path = line.substr(3);
  }
  while (true) {
    tightest = std::min(tightest, group_quota(root + path));
    if (path.empty()) return tightest;
    path.resize(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
  }
}

}  // namespace

int default_threads() {
  static const int threads = [] {
    const double allowed = std::min<double>(omp_get_num_procs(), std::ceil(quota()));
    return std::max(1, static_cast<int>(allowed));
  }();
  return threads;
}

int threads_or_default(int threads) {
  if (threads >= 0 && threads <= kMaxThreads) return threads > 0 ? threads : default_threads();
  throw Error(fmt::format("a session cannot have {} threads", threads),
              fmt::format("give a number from 1 to {}, or 0 for as many as the machine grants",
                          kMaxThreads));
}

#if defined(__SSE2__)
constexpr unsigned kFlushBits = 0x8040;  // flush-to-zero, denormals-are-zero
FlushDenormals::FlushDenormals() : saved_(_mm_getcsr()) {
  if ((saved_ & kFlushBits) != kFlushBits) _mm_setcsr(saved_ | kFlushBits);
}
FlushDenormals::~FlushDenormals() {
  if ((saved_ & kFlushBits) != kFlushBits) _mm_setcsr(saved_);
}
#else
FlushDenormals::FlushDenormals() : saved_(0) {}
FlushDenormals::~FlushDenormals() = default;
#endif

SingleThreadedLibraries::SingleThreadedLibraries() : saved_(omp_get_max_threads()) {
  if (saved_ != 1) omp_set_num_threads(1);
}
SingleThreadedLibraries::~SingleThreadedLibraries() {
  if (saved_ != 1) omp_set_num_threads(saved_);
}

namespace {

inline void pause() {
#if defined(__SSE2__)
  _mm_pause();
#endif
}

// How often this process has been forked off another: in a child of fork(), the only thread is the
// one that called it.
std::atomic<int> forks{0};

// Of the parent of this process; never destroyed.
std::atomic<std::vector<std::thread>*> lost_workers{nullptr};

void count_forks() {
  static const bool counting [[maybe_unused]] = ::pthread_atfork(nullptr, nullptr, [] {
                                                  forks.fetch_add(1, std::memory_order_relaxed);
                                                }) == 0;
}

// The parts of one loop are claimed one by one, by the thread the pool belongs to and its workers.
class Pool {
 public:
  Pool() { count_forks(); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  ~Pool() {
    forget_lost_workers();
    state_.store(kStop, std::memory_order_release);
    state_.notify_all();
    for (std::thread& worker : *workers_) worker.join();
  }

  void run(int parts, void (*body)(void*, int), void* context) {
    forget_lost_workers();
    start_workers(parts - 1);
    spins_.store(parts > default_threads() ? 0 : kSpins, std::memory_order_relaxed);
    body_.store(body, std::memory_order_relaxed);
    context_.store(context, std::memory_order_relaxed);
    done_.store(0, std::memory_order_relaxed);
    generation_ += kGeneration;
    state_.store(generation_ | static_cast<std::uint64_t>(parts) << kPartBits,
                 std::memory_order_release);
    state_.notify_all();
    while (run_one(state_.load(std::memory_order_acquire))) {
    }
    const auto all = static_cast<std::uint32_t>(parts);
    for (std::uint32_t done = 0; (done = done_.load(std::memory_order_acquire)) != all;) {
      if (!spin([&] { return done_.load(std::memory_order_relaxed) != done; })) done_.wait(done);
    }
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  // The state is one number, so that a part is claimed of the loop whose body was read, or not at
  // all: the loop's generation, its parts, and how many of them are claimed.
  static constexpr int kPartBits = 16;
  static constexpr std::uint64_t kPartMask = (1U << kPartBits) - 1;
  static constexpr std::uint64_t kGeneration = std::uint64_t{1} << (2 * kPartBits);
  static constexpr std::uint64_t kStop = ~std::uint64_t{0};
  static constexpr int kSpins = 1000;  // some 30 microseconds: longer than from a loop to the next

  // Those of the parent of this process do not exist here: they can be neither used nor joined.
  void forget_lost_workers() {
    const int now = forks.load(std::memory_order_relaxed);
    if (now == forks_) return;
    forks_ = now;
    lost_workers = workers_.release();
    workers_ = std::make_unique<std::vector<std::thread>>();
  }

  // Where the system allows no more threads, the caller runs their parts.
  void start_workers(int count) {
    while (static_cast<int>(workers_->size()) < count) {
      try {
        workers_->emplace_back([this] { work(); });
      } catch (const std::system_error&) {
        return;
      } catch (const std::bad_alloc&) {
        return;
      }
    }
  }

  // Waits a little for `changed`; false if it has not come.
  template <typename Changed>
  bool spin(const Changed& changed) const {
    for (int i = spins_.load(std::memory_order_relaxed); i > 0; --i) {
      if (changed()) return true;
      pause();
    }
    return changed();
  }

  // Runs a part that is still to be claimed, if there is one.
  bool run_one(std::uint64_t state) noexcept {
    while ((state & kPartMask) < (state >> kPartBits & kPartMask)) {
      const auto body = body_.load(std::memory_order_relaxed);
      void* const context = context_.load(std::memory_order_relaxed);
      if (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) continue;
      try {
        body(context, static_cast<int>(state & kPartMask));
      } catch (...) {
        const std::lock_guard lock(failing_);
        if (!failure_) failure_ = std::current_exception();
      }
      const auto parts = static_cast<std::uint32_t>(state >> kPartBits & kPartMask);
      if (done_.fetch_add(1, std::memory_order_release) + 1 == parts) done_.notify_one();
      return true;
    }
    return false;
  }

  void work() {
    omp_set_num_threads(1);  // of the libraries called in a part
    const FlushDenormals flush;
    for (std::uint64_t state = 0; (state = state_.load(std::memory_order_acquire)) != kStop;) {
      if (run_one(state)) continue;
      if (!spin([&] { return state_.load(std::memory_order_relaxed) != state; })) {
        state_.wait(state);
      }
    }
  }

  std::unique_ptr<std::vector<std::thread>> workers_ = std::make_unique<std::vector<std::thread>>();
  int forks_ = forks.load(std::memory_order_relaxed);
  std::uint64_t generation_ = 0;
  std::atomic<int> spins_{0};
  std::atomic<void (*)(void*, int)> body_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<std::uint64_t> state_{0};
  std::atomic<std::uint32_t> done_{0};
  std::mutex failing_;
  std::exception_ptr failure_;  // the first of the loop
};

}  // namespace

void run_parts(int parts, void (*body)(void* context, int part), void* context) {
  static thread_local Pool pool;
  const FlushDenormals flush;
  pool.run(parts, body, context);
}

}  // namespace weft
