// The maximum over time of convolutions by their tap table: a few additions per token, no product.
#include <algorithm>
#include <limits>

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
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

// A table is larger than the caches and its rows are met in no order, so lines are asked for before
// they are needed: while one segment of a sentence's rows is summed, the next segment of the same
// rows; before the last one is, the first segment of the next sentence. `kBytes`, this segment's
// size, is nearly always the next one's, and spares the loop.
constexpr std::int64_t kLine = 64;

template <std::int64_t kBytes>
HWY_INLINE void fetch(const void* from, std::int64_t bytes) {
  const auto* byte = static_cast<const std::byte*>(from);
#pragma GCC unroll 16
  for (std::int64_t i = 0; i < kBytes; i += kLine) hwy::Prefetch(byte + i);
  if constexpr (kBytes % kLine != 0) hwy::Prefetch(byte + kBytes - 1);
  for (std::int64_t i = kBytes; i < bytes; i += kLine) hwy::Prefetch(byte + i);
}

// One sentence's rows, from the segment's first byte in each.
template <class T>
struct Rows {
  const std::byte* base;
  const std::int32_t* ids;  // of the sentence; null: consecutive rows
  std::int64_t first, row_bytes;
  std::int64_t ahead;  // bytes of the next segment, to be asked for; 0: none

  HWY_INLINE const T* operator()(std::int64_t t) const {
    return reinterpret_cast<const T*>(base + (ids != nullptr ? ids[t] : first + t) * row_bytes);
  }
};

// The maxima of one segment, and the windows they came from.
template <class T, std::size_t kLanes, bool kWhere>
class Maxima {
 public:
  using Sum = typename SumOf<T>::type;
  using D = hn::CappedTag<Sum, kLanes>;
  using V = hn::Vec<D>;
  using DI = hn::CappedTag<std::int32_t, kLanes>;  // for `where`, of floats
  static constexpr std::size_t kVectors = kLanes / HWY_MIN(hn::MaxLanes(D()), kLanes);
  static constexpr std::size_t kWidth = kLanes / kVectors;

  HWY_INLINE explicit Maxima(std::int64_t first_window) {
    constexpr Sum lowest = std::is_same_v<Sum, float> ? -std::numeric_limits<Sum>::infinity()
                                                      : std::numeric_limits<Sum>::lowest();
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) {
      most[v] = hn::Set(D(), lowest);
      if constexpr (kWhere) where[v] = hn::Set(DI(), static_cast<std::int32_t>(first_window));
    }
  }

  HWY_INLINE void add(std::size_t v, V sum, std::int64_t window) {
    if constexpr (kWhere) {
      const auto better = hn::Gt(sum, most[v]);
      most[v] = hn::IfThenElse(better, sum, most[v]);
      where[v] = hn::IfThenElse(hn::RebindMask(DI(), better),
                                hn::Set(DI(), static_cast<std::int32_t>(window)), where[v]);
    } else {
      most[v] = hn::Max(sum, most[v]);
    }
  }

  HWY_INLINE void store(const TapSegment& segment, float* y, std::int32_t* at) const {
    HWY_ALIGN float sums[kLanes];
    HWY_ALIGN std::int32_t rows[kLanes];
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) {
      store_floats(D(), most[v], sums + v * kWidth);
      if constexpr (kWhere) hn::Store(where[v], DI(), rows + v * kWidth);
    }
    std::copy_n(sums, segment.channels, y + segment.output);
    if constexpr (kWhere) std::copy_n(rows, segment.channels, at + segment.output);
  }

 private:
  V most[kVectors];
  hn::Vec<DI> where[kWhere ? kVectors : 1];
};

// Windows of K neighbouring rows. The sums of the K - 1 windows that a row does not end stay in
// registers: `sums[j]` has had j + 1 taps. So each row is read once, in order.
template <class T, std::size_t kLanes, int K, bool kWhere>
class Windows {
  using M = Maxima<T, kLanes, kWhere>;
  static constexpr std::size_t kVectors = M::kVectors;

 public:
  HWY_INLINE explicit Windows(std::int64_t first_window) : maxima_(first_window) {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) {
#pragma GCC unroll 8
      for (int j = 0; j < K - 1; ++j) sums_[j][v] = hn::Zero(typename M::D());
    }
  }

  // The next row; with kEmit, the window that ends with it counts.
  template <bool kEmit>
  HWY_INLINE void row(const T* taps, std::int64_t window) {
    const typename M::D d;
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) {
      const auto tap = [&](int j) HWY_ATTR {
        return load_taps(d, taps + static_cast<std::size_t>(j) * kLanes + v * M::kWidth);
      };
      if constexpr (K == 1) {
        if constexpr (kEmit) maxima_.add(v, tap(0), window);
      } else {
        if constexpr (kEmit) maxima_.add(v, hn::Add(sums_[K - 2][v], tap(K - 1)), window);
#pragma GCC unroll 8
        for (int j = K - 2; j > 0; --j) sums_[j][v] = hn::Add(sums_[j - 1][v], tap(j));
        sums_[0][v] = tap(0);
      }
    }
  }

  // A row past the end of the sentence: nothing is added.
  HWY_INLINE void no_row(bool emit, std::int64_t window) {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) {
      if constexpr (K > 1) {
        if (emit) maxima_.add(v, sums_[K - 2][v], window);
#pragma GCC unroll 8
        for (int j = K - 2; j > 0; --j) sums_[j][v] = sums_[j - 1][v];
        sums_[0][v] = hn::Zero(typename M::D());
      }
    }
  }

  HWY_INLINE const M& maxima() const { return maxima_; }

 private:
  M maxima_;
  hn::Vec<typename M::D> sums_[K > 1 ? K - 1 : 1][kVectors];
};

struct Sentence {
  std::int64_t first, length;  // tokens
  float* y;
  std::int32_t* where;
};

template <class T, std::size_t kLanes, int K, bool kWhere>
HWY_NOINLINE void neighbours(const TapBlock& block, const Rows<T>& rows, const Sentence& s) {
  // The window that starts at row i ends with row i + K - 1; those from `begin` to `end` count.
  const std::int64_t n = s.length, begin = K - 1 - block.left;
  const std::int64_t end = begin + block.windows(n), to_window = s.first - (K - 1);
  Windows<T, kLanes, K, kWhere> windows(begin + to_window);
  const auto row = [&](std::int64_t t) HWY_ATTR {
    const T* taps = rows(t);
    if (rows.ahead > 0) fetch<K * kLanes * sizeof(T)>(taps + K * kLanes, rows.ahead);
    return taps;
  };
  std::int64_t t = 0;
  for (; t < HWY_MIN(begin, n); ++t) windows.template row<false>(row(t), 0);
  for (; t < n; ++t) windows.template row<true>(row(t), t + to_window);
  for (; t < end; ++t) windows.no_row(t >= begin, t + to_window);
  windows.maxima().store(block.segment, s.y, s.where);
}

// Windows of any size and dilation: one after another.
template <class T, std::size_t kLanes, bool kWhere>
HWY_NOINLINE void one_by_one(const TapBlock& block, const Rows<T>& rows, const Sentence& s) {
  using M = Maxima<T, kLanes, kWhere>;
  const typename M::D d;
  const std::int64_t left = block.left;
  M maxima(s.first - left);
  for (std::int64_t j = 0; j < block.windows(s.length); ++j) {
    hn::Vec<typename M::D> sums[M::kVectors];
    for (auto& sum : sums) sum = hn::Zero(d);
    for (std::int64_t k = 0; k < block.segment.taps; ++k) {
      const std::int64_t t = j - left + k * block.dilation;
      if (t < 0 || t >= s.length) continue;
      const T* taps = rows(t) + static_cast<std::size_t>(k) * kLanes;
#pragma GCC unroll 16
      for (std::size_t v = 0; v < M::kVectors; ++v) {
        sums[v] = hn::Add(sums[v], load_taps(d, taps + v * M::kWidth));
      }
    }
    for (std::size_t v = 0; v < M::kVectors; ++v) maxima.add(v, sums[v], s.first + j - left);
  }
  maxima.store(block.segment, s.y, s.where);
}

template <class T, std::size_t kLanes, bool kWhere>
HWY_INLINE void pool_segment(const TapBlock& block, const Rows<T>& rows, const Sentence& s) {
  switch (block.dilation > 1 ? 0 : block.segment.taps) {
    case 1:
      return neighbours<T, kLanes, 1, kWhere>(block, rows, s);
    case 2:
      return neighbours<T, kLanes, 2, kWhere>(block, rows, s);
    case 3:
      return neighbours<T, kLanes, 3, kWhere>(block, rows, s);
    case 4:
      return neighbours<T, kLanes, 4, kWhere>(block, rows, s);
    case 5:
      return neighbours<T, kLanes, 5, kWhere>(block, rows, s);
    case 6:
      return neighbours<T, kLanes, 6, kWhere>(block, rows, s);
    case 7:
      return neighbours<T, kLanes, 7, kWhere>(block, rows, s);
    default:
      return one_by_one<T, kLanes, kWhere>(block, rows, s);
  }
}

// y = relu?(scale * y + bias) over one sentence's channels.
void finish(const TapPool& pool, float* y) {
  const hn::ScalableTag<float> d;
  const auto floor = hn::Set(d, pool.relu ? 0.0F : -std::numeric_limits<float>::infinity());
  const std::int64_t n = pool.outputs;
  if (pool.scale != nullptr) {
    for_each(y, pool.scale, y, n,
             [](auto, auto v, auto scale) HWY_ATTR { return hn::Mul(v, scale); });
  }
  if (pool.bias != nullptr) {
    for_each(y, pool.bias, y, n,
             [&](auto, auto v, auto bias) HWY_ATTR { return hn::Max(hn::Add(v, bias), floor); });
  } else if (pool.relu) {
    for_each(y, y, n, [&](auto, auto v) HWY_ATTR { return hn::Max(v, floor); });
  }
}

template <class T>
Rows<T> rows_of(const TapPool& pool, const TapBlock& block, std::int64_t b) {
  const std::int64_t first = pool.offsets[b];
  return {pool.table + block.segment.offset * static_cast<std::int64_t>(sizeof(T)),
          pool.ids != nullptr ? pool.ids + first : nullptr, first, pool.row_bytes, 0};
}

template <class T>
std::int64_t bytes_of(const TapBlock& block) {
  return block.segment.taps * block.segment.lanes * static_cast<std::int64_t>(sizeof(T));
}

template <class T>
void fetch_first_segment(const TapPool& pool, std::int64_t b) {
  const Rows<T> rows = rows_of<T>(pool, pool.blocks.front(), b);
  const std::int64_t length = pool.offsets[b + 1] - pool.offsets[b];
  for (std::int64_t t = 0; t < length; ++t) fetch<0>(rows(t), bytes_of<T>(pool.blocks.front()));
}

template <class T, bool kWhere>
void pool_sentence(const TapPool& pool, const Sentence& sentence, std::int64_t b, bool more) {
  for (const TapBlock& block : pool.blocks) {
    Rows<T> rows = rows_of<T>(pool, block, b);
    const bool last = &block == &pool.blocks.back();
    if (pool.fetch && !last) rows.ahead = bytes_of<T>((&block)[1]);
    if (pool.fetch && last && more) fetch_first_segment<T>(pool, b + 1);
    if (block.segment.lanes == 32) {
      if constexpr (!std::is_same_v<T, float>) pool_segment<T, 32, kWhere>(block, rows, sentence);
    } else if (block.segment.lanes == 16) {
      pool_segment<T, 16, kWhere>(block, rows, sentence);
    } else {
      pool_segment<T, 8, kWhere>(block, rows, sentence);
    }
  }
}

template <class T, bool kWhere>
void pool_sentences(const TapPool& pool, std::int64_t begin, std::int64_t end) {
  if (pool.fetch && begin < end) fetch_first_segment<T>(pool, begin);
  for (std::int64_t b = begin; b < end; ++b) {
    const std::int64_t first = pool.offsets[b], length = pool.offsets[b + 1] - first;
    float* y = pool.y + b * pool.outputs;
    std::int32_t* where = kWhere ? pool.where + b * pool.outputs : nullptr;
    if (length == 0) {
      std::fill_n(y, pool.outputs, 0.0F);
      if (kWhere) std::fill_n(where, pool.outputs, std::numeric_limits<std::int32_t>::min());
      continue;
    }
    pool_sentence<T, kWhere>(pool, {first, length, y, where}, b, b + 1 < end);
    finish(pool, y);
  }
}

void TapMaxPool(const TapPool& pool, std::int64_t begin, std::int64_t end) {
  if (pool.dtype == DType::i16) return pool_sentences<std::int16_t, false>(pool, begin, end);
  if (pool.dtype == DType::i8) return pool_sentences<std::int8_t, false>(pool, begin, end);
  if (pool.where == nullptr) return pool_sentences<float, false>(pool, begin, end);
  pool_sentences<float, true>(pool, begin, end);
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

void tap_max_pool(const TapPool& pool, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(TapMaxPool)(pool, begin, end);
}

}  // namespace weft::simd
#endif  // HWY_ONCE
