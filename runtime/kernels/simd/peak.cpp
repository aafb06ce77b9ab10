// Chains of multiply-adds in registers, and of loads, compiled once per instruction set.
#include "runtime/kernels/simd/peak.h"

#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/peak.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>
#include <chrono>
#include <vector>

HWY_BEFORE_NAMESPACE();
namespace weft::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Twelve chains of multiply-adds, `rounds` long; returns their operations.
double MultiplyAdd(std::int64_t rounds, float* sink) {
  const hn::ScalableTag<float> d;
  constexpr int kChains = 12;
  hn::Vec<decltype(d)> sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = hn::Set(d, static_cast<float>(i));
  const auto factor = hn::Set(d, 0.999F), term = hn::Set(d, 0.001F);
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sums[i] = hn::MulAdd(sums[i], factor, term);
  }
  for (int i = 1; i < kChains; ++i) sums[0] = hn::Add(sums[0], sums[i]);
  *sink = hn::GetLane(hn::SumOfLanes(d, sums[0]));
  return 2.0 * kChains * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

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

HWY_EXPORT(MultiplyAdd);
HWY_EXPORT(ReadRows);

// The most that `work`, which returns how much it did, does in a second.
template <typename F>
double best_rate(F work) {
  double best = 0;
  for (int run = 0; run < 15; ++run) {
    const auto start = std::chrono::steady_clock::now();
    const double done = work();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    best = std::max(best, done / std::max(time.count(), 1e-9));
  }
  return best;
}

// To the compiler a use of the result: what makes it is not left out.
void keep(float result) { asm volatile("" : : "m"(result) : "memory"); }

}  // namespace

double multiply_add_peak() {
  return best_rate([] {
    float sum = 0;
    const double operations = HWY_DYNAMIC_DISPATCH(MultiplyAdd)(1 << 20, &sum);
    keep(sum);
    return operations;
  });
}

double read_peak(std::span<const float* const> rows, std::int64_t floats) {
  const auto count = static_cast<std::int64_t>(rows.size());
  const std::int64_t bytes = 4 * count * floats;
  const std::int64_t passes =
      std::max<std::int64_t>(1, (std::int64_t{32} << 20U) / std::max<std::int64_t>(1, bytes));
  return best_rate([&] {
    for (std::int64_t pass = 0; pass < passes; ++pass) {
      float sum = 0;
      HWY_DYNAMIC_DISPATCH(ReadRows)(rows.data(), count, floats, &sum);
      keep(sum);
    }
    return static_cast<double>(bytes * passes);
  });
}

double read_peak(std::int64_t bytes) {
  constexpr std::int64_t floats = 1024;
  const std::int64_t rows = std::max<std::int64_t>(1, bytes / (4 * floats));
  const auto size = static_cast<std::size_t>(rows * floats);
  const auto memory = hwy::AllocateAligned<float>(size);
  if (memory == nullptr) return 0;
  std::fill_n(memory.get(), size, 1.0F);
  std::vector<const float*> at;
  for (std::int64_t row = 0; row < rows; ++row) at.push_back(memory.get() + row * floats);
  return read_peak(at, floats);
}

}  // namespace weft
#endif  // HWY_ONCE
