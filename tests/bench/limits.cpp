// What one core of this machine can do at most: fp32 multiply-adds, and reading memory of several
// sizes, in order and by rows at random. One line each.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/peak.h"

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/bench/limits.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace weft::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Reads `floats` numbers (a multiple of 512) from each of the rows, one row after another.
void ReadRows(const float* const* rows, std::int64_t count, std::int64_t floats, float* sink) {
  const hn::ScalableTag<float> d;
  constexpr int kChains = 8;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> sums[kChains];
  for (auto& sum : sums) sum = hn::Zero(d);
  for (std::int64_t row = 0; row < count; ++row) {
    for (std::int64_t k = 0; k < floats; k += kChains * lanes) {
#pragma GCC unroll 8
      for (int i = 0; i < kChains; ++i) {
        sums[i] = hn::Add(sums[i], hn::Load(d, rows[row] + k + i * lanes));
      }
    }
  }
  for (int i = 1; i < kChains; ++i) sums[0] = hn::Add(sums[0], sums[i]);
  *sink = hn::GetLane(hn::SumOfLanes(d, sums[0]));
}

}  // namespace weft::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft {
namespace {

HWY_EXPORT(ReadRows);

volatile float sunk;  // results go here, so that nothing is left out

// The best time of some runs, in seconds: others on the machine only ever add to it.
template <typename F>
double best_time(F work) {
  double best = 1e9;
  for (int run = 0; run < 15; ++run) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    best = std::min(best, time.count());
  }
  return best;
}

// GB/s of reading rows of `row_bytes` from `bytes` of memory, in order or not.
double read_rate(const float* memory, std::int64_t bytes, std::int64_t row_bytes, bool shuffled) {
  const std::int64_t rows = bytes / row_bytes, floats = row_bytes / 4;
  std::vector<const float*> at;
  std::uint64_t state = 1;
  for (std::int64_t row = 0; row < rows; ++row) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const auto random =
        static_cast<std::int64_t>((state >> 33U) % static_cast<std::uint64_t>(rows));
    at.push_back(memory + (shuffled ? random : row) * floats);
  }
  const std::int64_t passes = std::max<std::int64_t>(1, (std::int64_t{32} << 20) / bytes);
  const double seconds = best_time([&] {
    for (std::int64_t pass = 0; pass < passes; ++pass) {
      float sum = 0;
      HWY_DYNAMIC_DISPATCH(ReadRows)(at.data(), rows, floats, &sum);
      sunk = sum;
    }
  });
  return static_cast<double>(rows * row_bytes * passes) / seconds * 1e-9;
}

void print_limits() {
  fmt::print("fp32 multiply-add peak       {:8.1f} GFLOP/s\n", multiply_add_peak() * 1e-9);
  constexpr std::size_t kFloats = std::size_t{192} << 18U;
  const auto memory = hwy::AllocateAligned<float>(kFloats);
  std::fill_n(memory.get(), kFloats, 1.0F);
  struct Place {
    const char* name;
    std::int64_t bytes;
  };
  for (const Place& place : {Place{"16 KB", 16 << 10}, Place{"256 KB", 256 << 10},
                             Place{"8 MB", 8 << 20}, Place{"192 MB", std::int64_t{192} << 20}}) {
    fmt::print("read {:>6} in order         {:8.1f} GB/s\n", place.name,
               read_rate(memory.get(), place.bytes, 4096, false));
  }
  for (const Place& place :
       {Place{"8 MB", 8 << 20}, Place{"24 MB", 24 << 20}, Place{"96 MB", 96 << 20}}) {
    fmt::print("read {:>6} by rows of 4 KB  {:8.1f} GB/s\n", place.name,
               read_rate(memory.get(), place.bytes, 4096, true));
  }
}

}  // namespace
}  // namespace weft

int main() { weft::print_limits(); }
#endif  // HWY_ONCE
