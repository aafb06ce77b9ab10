// All heads of all sequences, cut among threads by their work.
#include <algorithm>

#include "runtime/kernels/simd/attention.h"
#include "runtime/resources/threads.h"

namespace weft::simd {
namespace {

struct Sequence {
  std::int64_t index, begin, rows;
};

// visit(sequence, head, part) for each head of each sequence that is not empty. One whose work,
// queries times keys, begins in a part's range of all work belongs to that part.
template <typename Visit>
void each_head(const Attention& shape, std::span<const std::int32_t> offsets, bool pooled,
               int threads, Visit visit) {
  constexpr std::int64_t copies = 32;  // of a row cost as much as so many scores
  const auto work = [&](std::int64_t rows) { return rows * ((pooled ? 1 : rows) + copies); };
  std::int64_t all = 0;
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    all += work(offsets[b + 1] - offsets[b]) * shape.heads;
  }
  const std::int64_t grain = 1'000'000 / std::max<std::int64_t>(1, shape.width);
  parallel_for(threads, all, grain, [&](std::int64_t from, std::int64_t until, int part) {
    std::int64_t at = 0;
    for (std::size_t b = 0; b + 1 < offsets.size() && at < until; ++b) {
      const Sequence sequence{static_cast<std::int64_t>(b), offsets[b],
                              offsets[b + 1] - offsets[b]};
      const std::int64_t step = work(sequence.rows);
      for (std::int64_t head = 0; head < shape.heads && step > 0; ++head, at += step) {
        if (at >= from && at < until) visit(sequence, head, part);
      }
    }
  });
}

// A head of rows of qkv; what is written is for the caller.
AttentionHead head_of_rows(const Attention& shape, const Sequence& s, std::int64_t head,
                           const float* qkv) {
  const std::int64_t all = shape.columns();
  const float* const q = qkv + s.begin * 3 * all + head * shape.width;
  return {.queries = s.rows,
          .keys = s.rows,
          .first_query = s.begin,
          .head = head,
          .q = q,
          .q_stride = 3 * all,
          .k = q + all,
          .v = q + 2 * all,
          .kv_stride = 3 * all,
          .y_stride = all};
}

AttentionHead head_of_pool(const Attention& shape, const Sequence& s, std::int64_t head,
                           const float* q, const float* kv) {
  const std::int64_t all = shape.columns(), column = head * shape.width;
  const float* const k = kv + s.begin * 2 * all + column;
  return {.queries = 1,
          .keys = s.rows,
          .first_query = s.index,
          .head = head,
          .q = q + s.index * all + column,
          .q_stride = all,
          .k = k,
          .v = k + all,
          .kv_stride = 2 * all,
          .y_stride = all};
}

// Rows of empty sequences, which nothing else writes.
void clear_empty(std::span<const std::int32_t> offsets, std::int64_t columns, float* y) {
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    if (offsets[b] != offsets[b + 1]) continue;
    std::fill_n(y + static_cast<std::int64_t>(b) * columns, columns, 0.0F);
  }
}

}  // namespace

AttentionScratch::AttentionScratch(int threads, std::int64_t keys, std::int64_t width,
                                   bool gradient) {
  const std::int64_t floats = attention_scratch(keys, width, gradient);
  for (int part = 0; part < threads; ++part) {
    parts_.emplace_back(static_cast<std::size_t>(floats) * sizeof(float));
  }
}

float* AttentionScratch::operator[](int part) const {
  return reinterpret_cast<float*>(parts_[static_cast<std::size_t>(part)].data());
}

void attention(const Attention& shape, std::span<const std::int32_t> offsets, const float* qkv,
               float* y, const AttentionScratch& scratch, int threads) {
  each_head(shape, offsets, false, threads, [&](const Sequence& s, std::int64_t head, int part) {
    AttentionHead at = head_of_rows(shape, s, head, qkv);
    at.y = y + s.begin * shape.columns() + head * shape.width;
    attend(shape, at, scratch[part]);
  });
}

void attention_grad(const Attention& shape, std::span<const std::int32_t> offsets, const float* qkv,
                    const float* dy, float* dqkv, const AttentionScratch& scratch, int threads) {
  each_head(shape, offsets, false, threads, [&](const Sequence& s, std::int64_t head, int part) {
    AttentionHead at = head_of_rows(shape, s, head, qkv);
    at.dy = dy + s.begin * shape.columns() + head * shape.width;
    at.dq = dqkv + (at.q - qkv);
    at.dk = dqkv + (at.k - qkv);
    at.dv = dqkv + (at.v - qkv);
    attend_grad(shape, at, scratch[part]);
  });
}

void pool_attention(const Attention& given, std::span<const std::int32_t> offsets, const float* q,
                    const float* kv, float* y, const AttentionScratch& scratch, int threads) {
  Attention shape = given;
  shape.causal = false;
  clear_empty(offsets, shape.columns(), y);
  each_head(shape, offsets, true, threads, [&](const Sequence& s, std::int64_t head, int part) {
    AttentionHead at = head_of_pool(shape, s, head, q, kv);
    at.y = y + (at.q - q);
    attend(shape, at, scratch[part]);
  });
}

void pool_attention_grad(const Attention& given, std::span<const std::int32_t> offsets,
                         const float* q, const float* kv, const float* dy, float* dq, float* dkv,
                         const AttentionScratch& scratch, int threads) {
  Attention shape = given;
  shape.causal = false;
  clear_empty(offsets, shape.columns(), dq);
  each_head(shape, offsets, true, threads, [&](const Sequence& s, std::int64_t head, int part) {
    AttentionHead at = head_of_pool(shape, s, head, q, kv);
    at.dy = dy + (at.q - q);
    at.dq = dq + (at.q - q);
    at.dk = dkv + (at.k - kv);
    at.dv = dkv + (at.v - kv);
    attend_grad(shape, at, scratch[part]);
  });
}

}  // namespace weft::simd
