// Vector loops over tap tables (ir/taps.h), compiled once per instruction set like those of simd.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ir/ops/nn/sequence.h"
#include "ir/taps.h"

namespace weft::simd {

// A segment with its windows (of stride 1; see Window in ir/ops/nn/sequence.h).
struct TapBlock {
  TapSegment segment;
  std::int64_t dilation = 1;
  std::int64_t left = 0;   // rows of a window before the sequence's first, at most
  std::int64_t reach = 1;  // rows that the first window needs for there to be a second

  std::int64_t span() const { return (segment.taps - 1) * dilation + 1; }
  std::int64_t windows(std::int64_t length) const {
    return length < reach ? 1 : length - reach + 1;  // of a sequence that is not empty
  }
};
std::vector<TapBlock> tap_blocks(const TapLayout&, std::int64_t dilation, Padding);

// Packed sentences, the rows their tokens have in a table, and what is made of them. Nothing is
// checked here: ids are rows of the table, offsets cut the tokens into sequences.
struct TapPool {
  std::span<const TapBlock> blocks;
  const std::int32_t* ids = nullptr;  // null: token t has row t
  const std::int32_t* offsets = nullptr;
  const std::byte* table = nullptr;  // rows of `dtype`, 32-byte aligned
  DType dtype = DType::f32;
  std::int64_t row_bytes = 0;
  std::int64_t outputs = 0;
  const float* scale = nullptr;  // null: 1
  const float* bias = nullptr;   // null: 0
  bool relu = false;
  std::int64_t near_bytes = 0;  // of the table's first rows, which caches are likely to hold
  float* y = nullptr;           // [B, outputs], its rows `row_stride` floats apart
  std::int64_t row_stride = 0;
  std::int32_t* argmax = nullptr;  // [B, outputs], of an f32 table; null: not wanted
  // For tap_max_pool: the largest number of tokens of a sentence, the most tokens that a window
  // reaches past its ends, and a row of zeros to be read there.
  std::int64_t longest = 0, halo = 0;
  const std::byte* zeros = nullptr;

  std::size_t scratch() const { return static_cast<std::size_t>(4 * (longest + halo)); }
};

// y = relu?(scale * maximum + bias) of sentences [begin, end); for an empty one 0. `scratch` is
// room for TapPool::scratch() pointers.
void tap_max_pool(const TapPool&, std::int64_t begin, std::int64_t end, const std::byte** scratch);

// The sums of all windows of one block over sentence b, plus bias: a row of `channels` each,
// `row_stride` floats apart, to `to`. Of an f32 table.
void tap_sums(const TapPool&, const TapBlock&, std::int64_t b, float* to, std::int64_t row_stride);

// One row with what it is multiplied by; and lists of them: list i ends where list i + 1 begins.
struct ScaledRow {
  std::int32_t row = 0;
  float factor = 0.0F;
};
struct ScaledRows {
  std::span<const ScaledRow> rows;
  std::span<const std::int64_t> starts;  // one more than there are lists
};

// sums[i, c] = sum over list i of factor * matrix[row, c] for c < columns; strides in floats from
// one row to the next.
void sum_scaled_rows(const ScaledRows&, std::int64_t columns, const float* matrix,
                     std::int64_t matrix_stride, float* sums, std::int64_t sums_stride);

// to[c, r] = from[r, c]; strides in floats from one row to the next.
void transpose(const float* from, std::int64_t rows, std::int64_t columns, std::int64_t from_stride,
               float* to, std::int64_t to_stride);

}  // namespace weft::simd
