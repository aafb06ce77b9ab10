// Threads come from OpenMP, whose pool oneDNN shares; the quota from the control group's files.
#include "runtime/threads.h"

#include <omp.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <string>

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

void run_parts(int parts, void (*body)(void* context, int part), void* context) {
#pragma omp parallel for num_threads(parts) schedule(static, 1)
  for (int part = 0; part < parts; ++part) {
    const FlushDenormals flush;
    body(context, part);
  }
}

}  // namespace weft
