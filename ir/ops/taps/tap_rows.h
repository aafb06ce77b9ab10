// Shared by the ops on tap tables: their attributes, the rows that windows read, checks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/ops/common.h"
#include "ir/ops/nn/sequence.h"
#include "ir/taps.h"

namespace weft {

// The attributes `kernels` and `channels`: one number of each per convolution.
std::vector<AttrDef> tap_attrs(std::vector<AttrDef> more = {});
AttrDef dilation_attr();
AttrDef padding_attr();

// Shape rules' part. Fails unless these sizes make a layout.
TapLayout checked_layout(const InferContext&, const std::vector<std::int64_t>& kernels,
                         const std::vector<std::int64_t>& channels, DType);
TapLayout checked_layout(const InferContext&, DType dtype = DType::f32);  // from the attributes

// The kernels and channels of weights f32[K, D, O] at `first` and after. Fails unless all have `d`.
struct TapSizes {
  std::vector<std::int64_t> kernels, channels;
};
TapSizes expect_weights(const InferContext&, std::size_t first, const Dim& d);

// The weights f32[K, D, O] of the convolution that the attribute `index` names. Fails unless the
// attributes `kernels` and `channels` have it.
TensorType weights_at_index(const InferContext&, const Dim& d);

// Fails unless the table at `port` (f32, or also i16 and i8) is one of the layout of the
// attributes.
TapLayout expect_table(const InferContext&, std::size_t port, bool quantized);

// Fails unless the attribute `dilation`, of a node without padding, is in range.
void expect_dilation(const InferContext&);

// Fails unless `ids` is i32[T], or, where it is left out, `rows` is T: row t is then token t's.
void expect_ids(const InferContext&, std::size_t ids, std::size_t offsets, const Dim& rows);

// The attribute `rows`, N of a gradient f32[N, ..]: a number or the name of a size.
AttrDef rows_attr();
Dim expect_rows(const InferContext&);
std::string rows_text(const GradientContext&, ValueId table);

// References' part.
TapLayout layout_of(const Attrs&, DType = DType::f32);
std::vector<Window> windows_of(const Attrs&);  // one per convolution

// The row of a table of `rows` rows that token t looks up; `ids` may be null.
std::int64_t table_row(const EvalContext&, std::size_t ids, std::int64_t t, std::int64_t rows);

// T of the offsets at `port`.
std::int64_t tokens_of(const EvalContext&, std::size_t port);

// Calls visit(segment, channel within its convolution, output) for every output.
template <typename Visit>
void for_each_output(const TapLayout& layout, Visit visit) {
  for (const TapSegment& segment : layout.segments()) {
    for (std::int64_t c = 0; c < segment.channels; ++c) {
      visit(segment, segment.channel + c, segment.output + c);
    }
  }
}

// One tap of a window that won a maximum: what it sends back to its token's row.
struct TapWinner {
  std::int64_t conv = 0, tap = 0, channel = 0;
  std::int64_t token = 0;
  double dz = 0.0;
};

// Calls visit(winner) for every winning tap that stood on a row of its sequence. The first operands
// are dz, where, ids and offsets.
template <typename Visit>
void for_each_winner(const EvalContext& v, const TapLayout& layout, Visit visit) {
  const auto offsets = offsets_of(v, 3, tokens_of(v, 3));
  const std::int64_t dilation = int_attr(v.node.attrs, "dilation");
  for_each_output(layout, [&](const TapSegment& segment, std::int64_t c, std::int64_t output) {
    for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
      const auto row = static_cast<std::int64_t>(b);
      for (std::int64_t k = 0; k < segment.taps; ++k) {
        const auto t = static_cast<std::int64_t>(at(*v.x[1], row, output)) + k * dilation;
        if (t < offsets[b] || t >= offsets[b + 1]) continue;
        visit(TapWinner{segment.conv, k, c, t, at(*v.x[0], row, output)});
      }
    }
  });
}

}  // namespace weft
