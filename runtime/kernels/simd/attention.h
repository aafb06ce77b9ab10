// Scaled dot-product attention of packed sequences in f32, compiled once per instruction set.
//
// Memory is linear in the length of a sequence: some query rows at a time have all their scores in
// a small buffer, and the backward pass computes them again. A sequence's results have the same
// bits whatever other sequences there are and however many threads run.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/ops/nn/attention.h"
#include "runtime/resources/memory.h"

namespace weft::simd {

// What all sequences and heads of one attention share. H = heads * width.
struct Attention {
  std::int64_t heads = 1;
  std::int64_t width = 0;  // of a head
  float scale = 1;         // of the scores
  bool causal = false;     // a row sees itself and what stands before it
  // Dropout of the probabilities: see attention_key().
  RandomKey key = {};
  std::uint32_t threshold = 0;  // by dropout_threshold(); 0: none
  float factor = 1;             // of the probabilities that are kept

  std::int64_t columns() const { return heads * width; }
};

// Room for the threads of one kernel, made when it is bound.
class AttentionScratch {
 public:
  // `keys`: rows of the longest sequence; `gradient`: for the backward pass.
  AttentionScratch(int threads, std::int64_t keys, std::int64_t width, bool gradient);
  float* operator[](int part) const;

 private:
  std::vector<AlignedBytes> parts_;
};

// y[T, H] of the rows of qkv[T, 3H]: queries, keys, values. Sequence b is rows offsets[b] up to
// offsets[b + 1].
void attention(const Attention&, std::span<const std::int32_t> offsets, const float* qkv, float* y,
               const AttentionScratch&, int threads);
void attention_grad(const Attention&, std::span<const std::int32_t> offsets, const float* qkv,
                    const float* dy, float* dqkv, const AttentionScratch&, int threads);

// The same for one query per sequence: y[B, H] of q[B, H] and kv[T, 2H]. Where a sequence is empty
// y and dq are zero. `causal` is not looked at.
void pool_attention(const Attention&, std::span<const std::int32_t> offsets, const float* q,
                    const float* kv, float* y, const AttentionScratch&, int threads);
void pool_attention_grad(const Attention&, std::span<const std::int32_t> offsets, const float* q,
                         const float* kv, const float* dy, float* dq, float* dkv,
                         const AttentionScratch&, int threads);

// One head of one sequence. Strides are in floats from one row to the next.
struct AttentionHead {
  std::int64_t queries = 0, keys = 0;      // rows
  std::int64_t first_query = 0, head = 0;  // of attention_key(): the first query's row
  const float* q = nullptr;
  std::int64_t q_stride = 0;  // of q and dq
  const float* k = nullptr;
  const float* v = nullptr;
  std::int64_t kv_stride = 0;  // of k, v, dk, dv
  float* y = nullptr;          // forward
  const float* dy = nullptr;   // backward, with these:
  float* dq = nullptr;
  float* dk = nullptr;
  float* dv = nullptr;
  std::int64_t y_stride = 0;  // of y and dy
};
void attend(const Attention&, const AttentionHead&, float* scratch);
void attend_grad(const Attention&, const AttentionHead&, float* scratch);

// Their scratch, aligned to a cache line, is made of rows of whole lines.
constexpr std::int64_t kAttentionTile = 12;  // query rows at a time
constexpr std::int64_t whole_lines(std::int64_t floats) { return (floats + 15) / 16 * 16; }
constexpr std::int64_t attention_scratch(std::int64_t keys, std::int64_t width, bool gradient) {
  const std::int64_t across = width * whole_lines(keys), down = keys * whole_lines(width);
  const std::int64_t rows = kAttentionTile * whole_lines(width);
  const std::int64_t scores = kAttentionTile * whole_lines(keys);
  return gradient ? 3 * down + 2 * across + 3 * rows + 3 * scores
                  : down + across + 2 * rows + scores;
}

}  // namespace weft::simd
