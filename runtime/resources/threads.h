// How many threads to use, and loops over them.
#pragma once

#include <algorithm>
#include <cstdint>

namespace weft {

// The CPUs this process may run on, by its affinity mask and its control group's quota; at least 1.
int default_threads();

// More than any machine grants: memory is taken for each.
constexpr int kMaxThreads = 4096;

// `threads`, or default_threads() for 0. Error if it is below 0 or above kMaxThreads.
int threads_or_default(int threads);

// Within its scope tiny numbers (denormals) count as zero on this thread: Adam's moments decay into
// them, and they cost a hundred times a normal operation.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned saved_;
};

// Within its scope OpenMP regions of others (oneDNN's) started by this thread have one thread: weft
// cuts the work itself.
class SingleThreadedLibraries {
 public:
  SingleThreadedLibraries();
  ~SingleThreadedLibraries();
  SingleThreadedLibraries(const SingleThreadedLibraries&) = delete;
  SingleThreadedLibraries& operator=(const SingleThreadedLibraries&) = delete;

 private:
  int saved_;
};

// Runs body(context, part) for part 0 .. parts-1 on as many threads, fewer where others keep the
// CPUs busy; denormals are flushed in all. Does not return before every part has; then
// throws the first exception that a part has thrown.
void run_parts(int parts, void (*body)(void* context, int part), void* context);

// Cuts [0, n) into at most `threads` consecutive ranges of at least `grain` and calls
// f(begin, end, part) for each. The cut depends on the arguments only.
template <typename F>
void parallel_for(int threads, std::int64_t n, std::int64_t grain, F&& f) {
  const std::int64_t max = std::max<std::int64_t>(1, n / std::max<std::int64_t>(1, grain));
  const int parts = static_cast<int>(std::min<std::int64_t>(threads, max));
  if (parts <= 1) {
    if (n > 0) f(std::int64_t{0}, n, 0);
    return;
  }
  struct Loop {
    F& f;
    std::int64_t n;
    int parts;
  } loop{f, n, parts};
  run_parts(
      parts,
      [](void* context, int part) {
        auto& l = *static_cast<Loop*>(context);
        l.f(l.n * part / l.parts, l.n * (part + 1) / l.parts, part);
      },
      &loop);
}

}  // namespace weft
