// The maximum over time of convolutions by their tap table: a few additions per token, no product.
#include <algorithm>
#include <limits>

#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/tap_max_pool.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "runtime/kernels/simd/loops-inl.h"
#include "runtime/kernels/simd/tap_loads-inl.h"
#include "runtime/kernels/simd/taps.h"

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

// A sentence's rows in the table: at[i] is where that of its token i begins. Before the first and
// after the last there are `halo` rows of zeros, for the windows that reach past the ends. Those of
// them that no cache is likely to hold are there once more, as `far`.
struct Rows {
  const std::byte* const* at = nullptr;
  std::int64_t length = 0;
  const std::byte* const* far = nullptr;
  std::int64_t far_rows = 0;
};

Rows find_rows(const TapPool& pool, std::int64_t b, const std::byte** at) {
  const std::int64_t first = pool.offsets[b], length = pool.offsets[b + 1] - first;
  std::fill_n(at, pool.halo, pool.zeros);
  at += pool.halo;
  for (std::int64_t t = 0; t < length; ++t) {
    const std::int64_t row = pool.ids != nullptr ? pool.ids[first + t] : first + t;
    at[t] = pool.table + row * pool.row_bytes;
  }
  std::fill_n(at + length, pool.halo, pool.zeros);
  const std::byte** far = at + length + pool.halo;
  std::int64_t far_rows = 0;
  for (std::int64_t t = 0; t < length; ++t) {  // which way a condition goes can't be foretold
    far[far_rows] = at[t];
    far_rows += at[t] - pool.table >= pool.near_bytes ? 1 : 0;
  }
  return {at, length, far, far_rows};
}

// Rows that are far away are prefetched: while one segment of a sentence's rows is summed, a later
// segment of the same rows, or, after the last, an early one of the next sentence. Each line is
// prefetched once. Rows that a cache holds are not: a prefetch costs as much as a read.
constexpr std::int64_t kLine = 64;
// Segments between asking and reading: one is over before memory has answered.
constexpr std::size_t kAhead = 4;

struct Fetch {
  Rows rows;
  std::int64_t begin = 0, end = 0;  // bytes from a row's first: whole lines

  HWY_INLINE void operator()(std::int64_t t) const {
    const std::byte* row = rows.far[t];
    for (std::int64_t i = begin; i < end; i += kLine) hwy::Prefetch(row + i);
  }
};

template <class T>
HWY_INLINE Fetch fetch_of(const TapPool& pool, const Rows& rows, std::size_t segment) {
  const auto lines = [&](std::size_t s) {
    if (s == pool.blocks.size()) return pool.row_bytes;
    const auto offset = static_cast<std::int64_t>(sizeof(T)) * pool.blocks[s].segment.offset;
    return (offset + kLine - 1) & -kLine;
  };
  return {rows, lines(segment), lines(segment + 1)};
}

// The maxima of one segment, and the windows they came from.
template <class T, std::size_t kLanes, bool kArgmax>
class Maxima {
 public:
  using Sum = typename SumOf<T>::type;
  using D = hn::CappedTag<Sum, kLanes>;
  using V = hn::Vec<D>;
  using DI = hn::CappedTag<std::int32_t, kLanes>;  // for `argmax`, of floats
  static constexpr std::size_t kVectors = kLanes / HWY_MIN(hn::MaxLanes(D()), kLanes);
  static constexpr std::size_t kWidth = kLanes / kVectors;

  HWY_INLINE explicit Maxima(std::int64_t first_window) {
    constexpr Sum lowest = std::is_same_v<Sum, float> ? -std::numeric_limits<Sum>::infinity()
                                                      : std::numeric_limits<Sum>::lowest();
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) {
      max[v] = hn::Set(D(), lowest);
      if constexpr (kArgmax) argmax[v] = hn::Set(DI(), static_cast<std::int32_t>(first_window));
    }
  }

  HWY_INLINE void add(std::size_t v, V sum, std::int64_t window) {
    if constexpr (kArgmax) {
      const auto better = hn::Gt(sum, max[v]);
      max[v] = hn::IfThenElse(better, sum, max[v]);
      argmax[v] = hn::IfThenElse(hn::RebindMask(DI(), better),
                                 hn::Set(DI(), static_cast<std::int32_t>(window)), argmax[v]);
    } else {
      max[v] = hn::Max(sum, max[v]);
    }
  }

  HWY_INLINE void store(const TapSegment& segment, float* y, std::int32_t* at) const {
    HWY_ALIGN float sums[kLanes];
    HWY_ALIGN std::int32_t rows[kLanes];
    const bool whole = segment.channels == segment.lanes;
    y += segment.output;
    float* to = whole ? y : sums;
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) {
      store_floats(D(), max[v], to + v * kWidth);
      if constexpr (kArgmax) hn::Store(argmax[v], DI(), rows + v * kWidth);
    }
    if (!whole) std::copy_n(sums, segment.channels, y);
    if constexpr (kArgmax) std::copy_n(rows, segment.channels, at + segment.output);
  }

 private:
  V max[kVectors];
  hn::Vec<DI> argmax[kArgmax ? kVectors : 1];
};

struct Sentence {
  Rows rows;
  std::int64_t first;  // token
  float* y;
  std::int32_t* argmax;
};

// The maxima over a sentence's windows of the channels of one segment. A usual window's taps are
// known to the compiler, and lie side by side; kTaps = 0: any window.
template <class T, std::size_t kLanes, int kTaps, bool kArgmax>
HWY_NOINLINE void pool_windows(const TapBlock& block, const Sentence& s, const Fetch& fetch) {
  using M = Maxima<T, kLanes, kArgmax>;
  const typename M::D d;
  const std::int64_t offset = block.segment.offset * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t taps = kTaps > 0 ? kTaps : block.segment.taps;
  constexpr auto kWide = static_cast<std::int64_t>(kLanes);
  const std::byte* const* rows = s.rows.at - block.left;
  const std::int64_t first = s.first - block.left;
  M maxima(first);
  const auto window = [&](std::int64_t w) HWY_ATTR {
    // All pointers, then vector by vector: beside the maxima only one sum needs a register.
    const T* row[std::max(kTaps, 1)];
#pragma GCC unroll 8
    for (std::int64_t j = 0; j < kTaps; ++j) {
      row[j] = reinterpret_cast<const T*>(rows[w + j] + offset) + j * kWide;
    }
    const auto tap = [&](std::int64_t j) HWY_ATTR {
      if constexpr (kTaps > 0) return row[j];
      return reinterpret_cast<const T*>(rows[w + j * block.dilation] + offset) + j * kWide;
    };
#pragma GCC unroll 16
    for (std::size_t v = 0; v < M::kVectors; ++v) {
      auto sum = load_taps(d, tap(0) + v * M::kWidth);
#pragma GCC unroll 8
      for (std::int64_t j = 1; j < taps; ++j) {
        sum = hn::Add(sum, load_taps(d, tap(j) + v * M::kWidth));
      }
      maxima.add(v, sum, first + w);
    }
  };
  const std::int64_t windows = block.windows(s.rows.length);
  const std::int64_t both = HWY_MIN(windows, fetch.rows.far_rows);
  std::int64_t i = 0;
  for (; i < both; ++i) {
    window(i);
    fetch(i);
  }
  for (; i < windows; ++i) window(i);
  for (i = both; i < fetch.rows.far_rows; ++i) fetch(i);
  maxima.store(block.segment, s.y, s.argmax);
}

template <class T, std::size_t kLanes, bool kArgmax>
HWY_INLINE void pool_segment(const TapBlock& block, const Sentence& s, const Fetch& fetch) {
  switch (block.dilation > 1 ? 0 : block.segment.taps) {
    case 1:
      return pool_windows<T, kLanes, 1, kArgmax>(block, s, fetch);
    case 2:
      return pool_windows<T, kLanes, 2, kArgmax>(block, s, fetch);
    case 3:
      return pool_windows<T, kLanes, 3, kArgmax>(block, s, fetch);
    case 4:
      return pool_windows<T, kLanes, 4, kArgmax>(block, s, fetch);
    case 5:
      return pool_windows<T, kLanes, 5, kArgmax>(block, s, fetch);
    default:
      return pool_windows<T, kLanes, 0, kArgmax>(block, s, fetch);
  }
}

// y = relu?(scale * y + bias) over one sentence's channels.
void finish(const TapPool& pool, float* y) {
  const hn::ScalableTag<float> d;
  const auto floor = hn::Set(d, pool.relu ? 0.0F : -std::numeric_limits<float>::infinity());
  const auto end = [&](auto v) HWY_ATTR { return hn::Max(v, floor); };
  const std::int64_t n = pool.outputs;
  if (pool.scale != nullptr && pool.bias != nullptr) {
    for_each(y, pool.scale, pool.bias, y, n, [&](auto, auto v, auto scale, auto bias) HWY_ATTR {
      return end(hn::Add(hn::Mul(v, scale), bias));
    });
  } else if (pool.scale != nullptr) {
    for_each(y, pool.scale, y, n,
             [&](auto, auto v, auto scale) HWY_ATTR { return end(hn::Mul(v, scale)); });
  } else if (pool.bias != nullptr) {
    for_each(y, pool.bias, y, n,
             [&](auto, auto v, auto bias) HWY_ATTR { return end(hn::Add(v, bias)); });
  } else if (pool.relu) {
    for_each(y, y, n, [&](auto, auto v) HWY_ATTR { return end(v); });
  }
}

template <class T, bool kArgmax>
void pool_sentence(const TapPool& pool, const Sentence& sentence, const Rows& next) {
  const std::size_t segments = pool.blocks.size(), ahead = std::min(kAhead, segments);
  for (std::size_t i = 0; i < segments; ++i) {
    const TapBlock& block = pool.blocks[i];
    const std::size_t then = i + ahead;
    const Fetch fetch = then < segments ? fetch_of<T>(pool, sentence.rows, then)
                                        : fetch_of<T>(pool, next, then - segments);
    if (block.segment.lanes == 64) {
      if constexpr (sizeof(T) == 1) pool_segment<T, 64, kArgmax>(block, sentence, fetch);
    } else if (block.segment.lanes == 32) {
      if constexpr (sizeof(T) <= 2) pool_segment<T, 32, kArgmax>(block, sentence, fetch);
    } else if (block.segment.lanes == 16) {
      pool_segment<T, 16, kArgmax>(block, sentence, fetch);
    } else if (block.segment.lanes == 8) {
      pool_segment<T, 8, kArgmax>(block, sentence, fetch);
    } else {
      pool_segment<T, 4, kArgmax>(block, sentence, fetch);
    }
  }
}

template <class T, bool kArgmax>
void pool_sentences(const TapPool& pool, std::int64_t begin, std::int64_t end,
                    const std::byte** scratch) {
  const std::byte** halves[] = {scratch, scratch + pool.scratch() / 2};
  Rows rows = find_rows(pool, begin, halves[0]);
  for (std::size_t i = 0; i < std::min(kAhead, pool.blocks.size()); ++i) {
    const Fetch fetch = fetch_of<T>(pool, rows, i);
    for (std::int64_t t = 0; t < rows.far_rows; ++t) fetch(t);
  }
  for (std::int64_t b = begin; b < end; ++b) {
    const Rows next = b + 1 < end ? find_rows(pool, b + 1, halves[(b + 1 - begin) % 2]) : Rows();
    float* y = pool.y + b * pool.row_stride;
    std::int32_t* argmax = kArgmax ? pool.argmax + b * pool.outputs : nullptr;
    if (rows.length == 0) {
      std::fill_n(y, pool.outputs, 0.0F);
      if (kArgmax) std::fill_n(argmax, pool.outputs, std::numeric_limits<std::int32_t>::min());
    } else {
      pool_sentence<T, kArgmax>(pool, {rows, pool.offsets[b], y, argmax}, next);
      finish(pool, y);
    }
    rows = next;
  }
}

void TapMaxPool(const TapPool& pool, std::int64_t begin, std::int64_t end,
                const std::byte** scratch) {
  if (begin == end) return;
  if (pool.dtype == DType::i16) {
    pool_sentences<std::int16_t, false>(pool, begin, end, scratch);
  } else if (pool.dtype == DType::i8) {
    pool_sentences<std::int8_t, false>(pool, begin, end, scratch);
  } else if (pool.argmax == nullptr) {
    pool_sentences<float, false>(pool, begin, end, scratch);
  } else {
    pool_sentences<float, true>(pool, begin, end, scratch);
  }
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::simd {

HWY_EXPORT(TapMaxPool);

std::vector<TapBlock> tap_blocks(const TapLayout& layout, std::int64_t dilation, Padding padding) {
  std::vector<TapBlock> blocks;
  for (const TapSegment& segment : layout.segments()) {
    const Window window{segment.taps, 1, dilation, padding};
    const std::int64_t reach = padding == Padding::valid ? window.span() : 1;
    blocks.push_back({segment, dilation, window.left(), reach});
  }
  return blocks;
}

void tap_max_pool(const TapPool& pool, std::int64_t begin, std::int64_t end,
                  const std::byte** scratch) {
  HWY_DYNAMIC_DISPATCH(TapMaxPool)(pool, begin, end, scratch);
}

}  // namespace weft::simd
#endif  // HWY_ONCE
