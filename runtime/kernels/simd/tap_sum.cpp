// Convolutions by their tap table, a row per window: a few additions, no product.
#include <algorithm>

#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/tap_sum.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "runtime/kernels/simd/taps.h"

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <std::size_t kLanes>
void sum_windows(const TapPool& pool, const TapBlock& block, std::int64_t b, float* to,
                 std::int64_t row_stride) {
  const hn::CappedTag<float, kLanes> d;
  constexpr std::size_t width = HWY_MIN(hn::MaxLanes(decltype(d)()), kLanes);
  constexpr std::size_t vectors = kLanes / width;
  const TapSegment& segment = block.segment;
  const std::int64_t first = pool.offsets[b], length = pool.offsets[b + 1] - first;
  const std::byte* base = pool.table + segment.offset * static_cast<std::int64_t>(sizeof(float));
  HWY_ALIGN float bias[kLanes] = {};
  HWY_ALIGN float sums[kLanes];
  if (pool.bias != nullptr) std::copy_n(pool.bias + segment.output, segment.channels, bias);
  for (std::int64_t j = 0; j < block.windows(length); ++j, to += row_stride) {
    hn::Vec<decltype(d)> sum[vectors];
    for (auto& s : sum) s = hn::Zero(d);
    for (std::int64_t k = 0; k < segment.taps; ++k) {
      const std::int64_t t = j - block.left + k * block.dilation;
      if (t < 0 || t >= length) continue;
      const std::int64_t row = pool.ids != nullptr ? pool.ids[first + t] : first + t;
      const auto* taps =
          reinterpret_cast<const float*>(base + row * pool.row_bytes) + k * segment.lanes;
#pragma GCC unroll 4
      for (std::size_t v = 0; v < vectors; ++v) {
        sum[v] = hn::Add(sum[v], hn::Load(d, taps + v * width));
      }
    }
    float* target = segment.channels == segment.lanes ? to : sums;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < vectors; ++v) {
      hn::StoreU(hn::Add(sum[v], hn::Load(d, bias + v * width)), d, target + v * width);
    }
    if (target == sums) std::copy_n(sums, segment.channels, to);
  }
}

void TapSums(const TapPool& pool, const TapBlock& block, std::int64_t b, float* to,
             std::int64_t row_stride) {
  if (block.segment.lanes == 16) return sum_windows<16>(pool, block, b, to, row_stride);
  if (block.segment.lanes == 8) return sum_windows<8>(pool, block, b, to, row_stride);
  sum_windows<4>(pool, block, b, to, row_stride);
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::simd {

HWY_EXPORT(TapSums);

void tap_sums(const TapPool& pool, const TapBlock& block, std::int64_t b, float* to,
              std::int64_t row_stride) {
  if (pool.offsets[b] == pool.offsets[b + 1]) return;
  HWY_DYNAMIC_DISPATCH(TapSums)(pool, block, b, to, row_stride);
}

}  // namespace weft::simd
#endif  // HWY_ONCE
