// The places of packed sequences in one long sequence, and the copies to and from it.
#include "runtime/kernels/nn/packed_rows.h"

#include <algorithm>

namespace weft {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace

PackedRows::PackedRows(RowPlacement placement, std::int64_t examples) : placement_(placement) {
  sequences_.reserve(static_cast<std::size_t>(examples));
}

void PackedRows::place(std::span<const std::int32_t> in, std::span<const std::int32_t> out) {
  const auto [span, stride, left, spacing] = placement_;
  sequences_.clear();
  positions_ = 0;
  std::int64_t stop = 0;
  for (std::size_t b = 0; b + 1 < in.size(); ++b) {
    const std::int64_t rows = in[b + 1] - in[b], outputs = out[b + 1] - out[b];
    if (rows == 0 || outputs == 0) continue;
    // No window of this sequence may reach back into the last, nor the last's forward into this.
    std::int64_t position = std::max(positions_, ceil_div(stop, stride));
    if (positions_ > 0) {
      const std::int64_t reach = (positions_ - 1) * stride + span;
      position = std::max(position, ceil_div(std::max<std::int64_t>(0, reach - left), stride));
    }
    const std::int64_t start = position * stride + left;
    stop = start + (rows - 1) * spacing + 1;
    sequences_.push_back({position, start, stop, in[b], out[b], outputs});
    positions_ = position + outputs;
  }
}

void PackedRows::gather(std::int64_t begin, std::int64_t end, const float* x, std::int64_t width,
                        std::int64_t row_stride, float* slab) const {
  const std::int64_t spacing = placement_.spacing;
  const std::int64_t first = begin * placement_.stride, last = first + rows_in(end - begin);
  std::int64_t filled = first;
  const auto fill_zeros = [&](std::int64_t until) {
    std::fill(slab + (filled - first) * width, slab + (until - first) * width, 0.0F);
    filled = until;
  };
  auto sequence =
      std::ranges::partition_point(sequences_, [&](const Sequence& s) { return s.stop <= first; });
  for (; sequence != sequences_.end() && sequence->start < last; ++sequence) {
    const std::int64_t skipped =
        ceil_div(std::max<std::int64_t>(0, first - sequence->start), spacing);
    const float* row = x + (sequence->in_row + skipped) * row_stride;
    for (std::int64_t at = sequence->start + skipped * spacing; at < std::min(sequence->stop, last);
         at += spacing) {
      fill_zeros(at);
      std::copy_n(row, width, slab + (at - first) * width);
      filled = at + 1;
      row += row_stride;
    }
  }
  fill_zeros(last);
}

template <typename Visit>
void PackedRows::each_output(std::int64_t begin, std::int64_t end, Visit visit) const {
  auto sequence = std::ranges::partition_point(
      sequences_, [&](const Sequence& s) { return s.position + s.outputs <= begin; });
  for (; sequence != sequences_.end() && sequence->position < end; ++sequence) {
    const std::int64_t from = std::max(begin, sequence->position);
    const std::int64_t until = std::min(end, sequence->position + sequence->outputs);
    visit(from - begin, sequence->out_row + from - sequence->position, until - from);
  }
}

void PackedRows::scatter(std::int64_t begin, std::int64_t end, const float* slab,
                         std::int64_t width, float* y) const {
  each_output(begin, end, [&](std::int64_t position, std::int64_t row, std::int64_t rows) {
    std::copy_n(slab + position * width, rows * width, y + row * width);
  });
}

void PackedRows::gather_outputs(std::int64_t begin, std::int64_t end, const float* y,
                                std::int64_t width, float* slab) const {
  std::int64_t filled = 0;
  each_output(begin, end, [&](std::int64_t position, std::int64_t row, std::int64_t rows) {
    std::fill(slab + filled * width, slab + position * width, 0.0F);
    std::copy_n(y + row * width, rows * width, slab + position * width);
    filled = position + rows;
  });
  std::fill(slab + filled * width, slab + (end - begin) * width, 0.0F);
}

}  // namespace weft
