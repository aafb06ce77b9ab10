// One head of one sequence: tiles of query rows against all keys, with the scores in scratch.
#include "runtime/kernels/simd/attention.h"

#include "runtime/kernels/simd/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/simd/attention.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <hwy/cache_control.h>
#include <hwy/contrib/math/math-inl.h>

#include <algorithm>

#include "runtime/kernels/simd/dropout-inl.h"
#include "runtime/kernels/simd/small_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace weft::simd::HWY_NAMESPACE {

constexpr std::int64_t kLine = 16;  // floats of a cache line

// A head's columns lie side by side with the next one's, in rows too far apart for the processor to
// foresee: while a row is read, its next head's part is fetched.
HWY_INLINE void fetch_next_head(const float* row, std::int64_t d) {
  for (std::int64_t c = 0; c < d; c += kLine) hwy::Prefetch(row + d + c);
}

// out[S, whole_lines(d)] = rows of x, filled up with zeros, times `factor`.
void copy_rows(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t d, float factor,
               float* out) {
  const D tag;
  const std::int64_t whole = d / kLanes * kLanes, filled = whole_lines(d);
  const auto times = hn::Set(tag, factor);
  for (std::int64_t row = 0; row < rows; ++row, x += stride, out += filled) {
    fetch_next_head(x, d);
    for (std::int64_t c = 0; c < whole; c += kLanes) {
      hn::Store(hn::Mul(hn::LoadU(tag, x + c), times), tag, out + c);
    }
    for (std::int64_t c = whole; c < d; ++c) out[c] = x[c] * factor;
    std::fill(out + d, out + filled, 0.0F);
  }
}

// The other way, without what fills them up.
void store_rows(const float* rows, std::int64_t count, std::int64_t d, float factor, float* y,
                std::int64_t stride) {
  const D tag;
  const std::int64_t whole = d / kLanes * kLanes, filled = whole_lines(d);
  const auto times = hn::Set(tag, factor);
  for (std::int64_t row = 0; row < count; ++row, y += stride, rows += filled) {
    fetch_next_head(y, d);
    for (std::int64_t c = 0; c < whole; c += kLanes) {
      hn::StoreU(hn::Mul(hn::Load(tag, rows + c), times), tag, y + c);
    }
    for (std::int64_t c = whole; c < d; ++c) y[c] = rows[c] * factor;
  }
}

// out[d, whole_lines(S)] = the transpose of rows of x, filled up with zeros.
void transpose_rows(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t d,
                    float* out) {
  const std::int64_t filled = whole_lines(rows);
  std::int64_t blocked = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::FixedTag<float, 4> four;
  if (d % 4 == 0) blocked = rows / 4 * 4;
  for (std::int64_t row = 0; row < blocked; row += 4) {
    const float* from = x + row * stride;
    for (int i = 0; i < 4; ++i) fetch_next_head(from + i * stride, d);
    for (std::int64_t c = 0; c < d; c += 4) {
      const auto r0 = hn::LoadU(four, from + c), r1 = hn::LoadU(four, from + stride + c);
      const auto r2 = hn::LoadU(four, from + 2 * stride + c);
      const auto r3 = hn::LoadU(four, from + 3 * stride + c);
      const auto a = hn::InterleaveLower(four, r0, r2), b = hn::InterleaveLower(four, r1, r3);
      const auto e = hn::InterleaveUpper(four, r0, r2), f = hn::InterleaveUpper(four, r1, r3);
      float* to = out + c * filled + row;
      hn::Store(hn::InterleaveLower(four, a, b), four, to);
      hn::Store(hn::InterleaveUpper(four, a, b), four, to + filled);
      hn::Store(hn::InterleaveLower(four, e, f), four, to + 2 * filled);
      hn::Store(hn::InterleaveUpper(four, e, f), four, to + 3 * filled);
    }
  }
#endif
  for (std::int64_t c = 0; c < d; ++c) {
    for (std::int64_t row = blocked; row < rows; ++row) {
      out[c * filled + row] = x[row * stride + c];
    }
    std::fill(out + c * filled + rows, out + (c + 1) * filled, 0.0F);
  }
}

// Turns the scores of a row into e^(score - max), zeros from `visible` to `filled`; 1 / their sum.
float exponentials(float* scores, std::int64_t visible, std::int64_t filled) {
  const D d;
  const std::int64_t whole = visible / kLanes * kLanes;
  const auto rest = hn::FirstN(d, static_cast<std::size_t>(visible - whole));
  auto max = hn::Set(d, scores[0]);
  for (std::int64_t j = 0; j < whole; j += kLanes) max = hn::Max(max, hn::Load(d, scores + j));
  if (whole < visible) {
    max = hn::Max(max, hn::IfThenElse(rest, hn::Load(d, scores + whole), max));
  }
  const auto shift = hn::MaxOfLanes(d, max);
  auto sum = hn::Zero(d);
  for (std::int64_t j = 0; j < whole; j += kLanes) {
    const auto e = hn::Exp(d, hn::Sub(hn::Load(d, scores + j), shift));
    hn::Store(e, d, scores + j);
    sum = hn::Add(sum, e);
  }
  if (whole < visible) {
    const auto e = hn::Exp(d, hn::Sub(hn::Load(d, scores + whole), shift));
    hn::Store(hn::IfThenElseZero(rest, e), d, scores + whole);
    sum = hn::Add(sum, hn::IfThenElseZero(rest, e));
  }
  for (std::int64_t j = (visible + kLanes - 1) / kLanes * kLanes; j < filled; j += kLanes) {
    hn::Store(hn::Zero(d), d, scores + j);
  }
  return 1.0F / hn::GetLane(hn::SumOfLanes(d, sum));
}

// Rows [first, first + rows) of the queries and the keys they see.
struct Tile {
  std::int64_t first, rows, keys;

  Tile(const Attention& shape, const AttentionHead& at, std::int64_t from)
      : first(from),
        rows(std::min(kAttentionTile, at.queries - from)),
        keys(shape.causal ? from + rows : at.keys) {}
  std::int64_t visible(const Attention& shape, std::int64_t row) const {
    return shape.causal ? first + row + 1 : keys;
  }
};

void Attend(const Attention& shape, const AttentionHead& at, float* scratch) {
  const D d;
  const std::int64_t width = whole_lines(shape.width), stride = whole_lines(at.keys);
  float* const keys = scratch;                              // [d, S]
  float* const values = keys + shape.width * stride;        // [S, d]
  float* const queries = values + at.keys * width;          // [kAttentionTile, d]
  float* const scores = queries + kAttentionTile * width;   // [kAttentionTile, S]
  float* const results = scores + kAttentionTile * stride;  // [kAttentionTile, d]
  transpose_rows(at.k, at.kv_stride, at.keys, shape.width, keys);
  copy_rows(at.v, at.kv_stride, at.keys, shape.width, 1.0F, values);
  for (std::int64_t first = 0; first < at.queries; first += kAttentionTile) {
    const Tile tile(shape, at, first);
    const std::int64_t filled = whole_lines(tile.keys);
    copy_rows(at.q + first * at.q_stride, at.q_stride, tile.rows, shape.width, shape.scale,
              queries);
    small_product({queries, width, 1}, {keys, stride}, {scores, stride}, tile.rows, shape.width,
                  filled, false);
    float inverse[kAttentionTile];
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      const std::int64_t visible = tile.visible(shape, row);
      float* const p = scores + row * stride;
      inverse[row] = exponentials(p, visible, filled);
      if (shape.threshold == 0) continue;
      const RandomKey key = attention_key(shape.key, at.first_query + first + row, at.head);
      for (std::int64_t j = 0; j < visible; j += kLanes) {
        const auto dropped = dropped_lanes(d, key, static_cast<std::uint32_t>(j), shape.threshold);
        hn::Store(hn::IfThenZeroElse(dropped, hn::Load(d, p + j)), d, p + j);
      }
      inverse[row] *= shape.factor;
    }
    small_product({scores, stride, 1}, {values, width}, {results, width}, tile.rows, tile.keys,
                  width, false);
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      store_rows(results + row * width, 1, shape.width, inverse[row],
                 at.y + (first + row) * at.y_stride, 0);
    }
  }
}

// e^(score - max) to probabilities `p` (`kept`: after dropout), dkept to the gradient of the
// scores.
void score_gradients(float inverse, std::int64_t filled, RandomKey key, const Attention& shape,
                     float* p, float* kept, float* gradient) {
  const D d;
  auto dot = hn::Zero(d);
  const auto normal = hn::Set(d, inverse), factor = hn::Set(d, shape.factor);
  for (std::int64_t j = 0; j < filled; j += kLanes) {
    const auto share = hn::Mul(hn::Load(d, p + j), normal);
    auto weight = share;
    if (shape.threshold != 0) {
      const auto dropped = dropped_lanes(d, key, static_cast<std::uint32_t>(j), shape.threshold);
      weight = hn::IfThenZeroElse(dropped, hn::Mul(share, factor));
      hn::Store(weight, d, kept + j);
    }
    hn::Store(share, d, p + j);
    const auto product = hn::Mul(weight, hn::Load(d, gradient + j));
    hn::Store(product, d, gradient + j);
    dot = hn::Add(dot, product);
  }
  const auto all = hn::SumOfLanes(d, dot);
  for (std::int64_t j = 0; j < filled; j += kLanes) {
    hn::Store(hn::NegMulAdd(hn::Load(d, p + j), all, hn::Load(d, gradient + j)), d, gradient + j);
  }
}

void AttendGrad(const Attention& shape, const AttentionHead& at, float* scratch) {
  const std::int64_t width = whole_lines(shape.width), stride = whole_lines(at.keys);
  const std::int64_t across = shape.width * stride, down = at.keys * width;
  float* const keys = scratch;                         // [S, d]
  float* const dk = keys + down;                       // [S, d]
  float* const dv = dk + down;                         // [S, d]
  float* const keys_across = dv + down;                // [d, S]
  float* const values_across = keys_across + across;   // [d, S]
  float* const queries = values_across + across;       // [kAttentionTile, d]
  float* const dy = queries + kAttentionTile * width;  // [kAttentionTile, d]
  float* const dq = dy + kAttentionTile * width;       // [kAttentionTile, d]
  float* const p = dq + kAttentionTile * width;        // [kAttentionTile, S]
  float* const ds = p + kAttentionTile * stride;       // [kAttentionTile, S]
  float* const kept = shape.threshold == 0 ? p : ds + kAttentionTile * stride;
  copy_rows(at.k, at.kv_stride, at.keys, shape.width, 1.0F, keys);
  transpose_rows(at.k, at.kv_stride, at.keys, shape.width, keys_across);
  transpose_rows(at.v, at.kv_stride, at.keys, shape.width, values_across);
  std::fill_n(dk, 2 * down, 0.0F);
  for (std::int64_t first = 0; first < at.queries; first += kAttentionTile) {
    const Tile tile(shape, at, first);
    const std::int64_t filled = whole_lines(tile.keys);
    copy_rows(at.q + first * at.q_stride, at.q_stride, tile.rows, shape.width, shape.scale,
              queries);
    copy_rows(at.dy + first * at.y_stride, at.y_stride, tile.rows, shape.width, 1.0F, dy);
    small_product({queries, width, 1}, {keys_across, stride}, {p, stride}, tile.rows, shape.width,
                  filled, false);
    small_product({dy, width, 1}, {values_across, stride}, {ds, stride}, tile.rows, shape.width,
                  filled, false);
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      const std::int64_t at_row = row * stride;
      const float inverse = exponentials(p + at_row, tile.visible(shape, row), filled);
      score_gradients(inverse, filled,
                      attention_key(shape.key, at.first_query + first + row, at.head), shape,
                      p + at_row, kept + at_row, ds + at_row);
    }
    small_product({kept, 1, stride}, {dy, width}, {dv, width}, tile.keys, tile.rows, width, true);
    small_product({ds, 1, stride}, {queries, width}, {dk, width}, tile.keys, tile.rows, width,
                  true);
    small_product({ds, stride, 1}, {keys, width}, {dq, width}, tile.rows, tile.keys, width, false);
    store_rows(dq, tile.rows, shape.width, shape.scale, at.dq + first * at.q_stride, at.q_stride);
  }
  store_rows(dk, at.keys, shape.width, 1.0F, at.dk, at.kv_stride);
  store_rows(dv, at.keys, shape.width, 1.0F, at.dv, at.kv_stride);
}

}  // namespace weft::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::simd {

HWY_EXPORT(Attend);
HWY_EXPORT(AttendGrad);

void attend(const Attention& shape, const AttentionHead& at, float* scratch) {
  HWY_DYNAMIC_DISPATCH(Attend)(shape, at, scratch);
}

void attend_grad(const Attention& shape, const AttentionHead& at, float* scratch) {
  HWY_DYNAMIC_DISPATCH(AttendGrad)(shape, at, scratch);
}

}  // namespace weft::simd
#endif  // HWY_ONCE
