// Packed sequences laid out as one long sequence for a convolution that knows no borders: rows of
// zeros between neighbours, as few as keep every window from seeing another sequence's rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace weft {

// Output i of a sequence placed at q reads input positions (q + i) * stride … + span - 1; its input
// row r lies at position q * stride + left + r * spacing.
struct RowPlacement {
  std::int64_t span = 1, stride = 1, left = 0;
  std::int64_t spacing = 1;  // above 1: the gradient of a strided convolution
};

class PackedRows {
 public:
  PackedRows(RowPlacement placement, std::int64_t examples);  // capacity

  // Places the sequences of these offsets. Both must stay alive while the others are called.
  void place(std::span<const std::int32_t> in, std::span<const std::int32_t> out);

  std::int64_t positions() const { return positions_; }  // of outputs, gaps included

  // The input positions that outputs [begin, end) read, to `slab`: rows of `x` (`width` floats,
  // `row_stride` floats from one to the next) and zeros.
  void gather(std::int64_t begin, std::int64_t end, const float* x, std::int64_t width,
              std::int64_t row_stride, float* slab) const;

  // The outputs among positions [begin, end), from `slab` to their rows of `y`.
  void scatter(std::int64_t begin, std::int64_t end, const float* slab, std::int64_t width,
               float* y) const;
  // The other way: rows of `y` to `slab`, zeros in the gaps.
  void gather_outputs(std::int64_t begin, std::int64_t end, const float* y, std::int64_t width,
                      float* slab) const;

  std::int64_t rows_in(std::int64_t outputs) const {
    return (outputs - 1) * placement_.stride + placement_.span;
  }

 private:
  struct Sequence {
    std::int64_t position;         // of its first output
    std::int64_t start, stop;      // its input positions, from the first to one past the last
    std::int64_t in_row, out_row;  // its first rows in x and y
    std::int64_t outputs;
  };
  // visit(position - begin, row of y, rows) for each run of outputs within [begin, end).
  template <typename Visit>
  void each_output(std::int64_t begin, std::int64_t end, Visit visit) const;

  RowPlacement placement_;
  std::vector<Sequence> sequences_;  // those with outputs
  std::int64_t positions_ = 0;
};

}  // namespace weft
