// Checks and reads of the ops on tap tables.
#include "ir/ops/taps/tap_rows.h"

#include <charconv>
#include <numeric>

namespace weft {

std::vector<AttrDef> tap_attrs(std::vector<AttrDef> more) {
  const std::vector<std::int64_t> example;
  std::vector<AttrDef> attrs{required("kernels", "taps of each convolution", example),
                             required("channels", "output channels of each convolution", example)};
  attrs.insert(attrs.end(), more.begin(), more.end());
  return attrs;
}

AttrDef dilation_attr() { return {"dilation", "rows from one tap to the next", std::int64_t{1}}; }

AttrDef padding_attr() {
  return {"padding", "\"valid\", \"same\" or \"causal\"", std::string("same")};
}

namespace {
constexpr std::int64_t kMax = 1 << 20;  // keeps the size of a row, and its segments, in bounds
}

void expect_dilation(const InferContext& v) {
  const std::int64_t dilation = int_attr(v.attrs, "dilation");
  if (dilation >= 1 && dilation <= kMax) return;
  v.fail(fmt::format("dilation is {}, but must be from 1 to {}", dilation, kMax));
}

TapLayout checked_layout(const InferContext& v, const std::vector<std::int64_t>& kernels,
                         const std::vector<std::int64_t>& channels, DType dtype) {
  if (kernels.empty() || kernels.size() != channels.size()) {
    v.fail(fmt::format("there are {} kernels and {} channels", kernels.size(), channels.size()),
           "each lists one number per convolution");
  }
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    if (kernels[i] >= 1 && kernels[i] <= kMax && channels[i] >= 1 && channels[i] <= kMax) continue;
    v.fail(fmt::format("convolution {} has {} taps and {} channels, but both must be from 1 to {}",
                       i, kernels[i], channels[i], kMax));
  }
  const std::int64_t all = std::accumulate(channels.begin(), channels.end(), std::int64_t{0});
  if (all > kMax) v.fail(fmt::format("there are {} channels, more than {}", all, kMax));
  return {kernels, channels, dtype};
}

TapLayout checked_layout(const InferContext& v, DType dtype) {
  return checked_layout(v, ints_attr(v.attrs, "kernels"), ints_attr(v.attrs, "channels"), dtype);
}

TapSizes expect_weights(const InferContext& v, std::size_t first, const Dim& d) {
  TapSizes sizes;
  for (std::size_t i = first; i < v.inputs.size(); ++i) {
    v.expect_dtype(i, DType::f32);
    v.expect_rank(i, 3);
    const Shape& w = v.type(i).shape;
    if (!w[0].is_static() || !w[2].is_static() || w[1] != d) {
      v.fail(fmt::format("w is {}, but must be f32[K, {}, O], K and O numbers",
                         to_string(v.type(i)), to_string(d)));
    }
    sizes.kernels.push_back(w[0].value);
    sizes.channels.push_back(w[2].value);
  }
  return sizes;
}

TensorType weights_at_index(const InferContext& v, const Dim& d) {
  const auto kernels = ints_attr(v.attrs, "kernels"), channels = ints_attr(v.attrs, "channels");
  const auto index = static_cast<std::size_t>(int_attr(v.attrs, "index"));
  if (index >= kernels.size()) {
    v.fail(fmt::format("index is {}, but there are {} convolutions", int_attr(v.attrs, "index"),
                       kernels.size()));
  }
  return float_type({kernels[index], d, channels[index]});
}

TapLayout expect_table(const InferContext& v, std::size_t port, bool quantized) {
  const TensorType& table = v.type(port);
  const bool integers = table.dtype == DType::i16 || table.dtype == DType::i8;
  if (!(quantized && integers)) v.expect_dtype(port, DType::f32);
  v.expect_rank(port, 2);
  TapLayout layout = checked_layout(v, table.dtype);
  if (table.shape[1] != Dim(layout.row_size())) {
    v.fail(fmt::format("{}, but a row for these kernels and channels has {} numbers",
                       describe(v, port), layout.row_size()),
           "a table is made by tap_table or quantize_taps");
  }
  return layout;
}

void expect_ids(const InferContext& v, std::size_t ids, std::size_t offsets, const Dim& rows) {
  const Dim tokens = rows_of(v, offsets);
  if (v.has(ids)) {
    v.expect_same(ids, int_type({tokens}));
  } else if (rows != tokens) {
    v.fail(fmt::format("there are no ids, but {} rows for {} tokens", to_string(rows),
                       to_string(tokens)),
           "without ids the table holds one row per token");
  }
}

AttrDef rows_attr() {
  return required("rows", "N, the rows of the table: a number or the name of a size",
                  std::string());
}

Dim expect_rows(const InferContext& v) {
  const std::string& text = string_attr(v.attrs, "rows");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && number >= 1) return {number};
  if (!whole && v.graph.find_symbol(text) != nullptr) return Dim(text);
  v.fail(fmt::format("rows is \"{}\", neither a positive number nor a size of this program", text));
}

std::string rows_text(const GradientContext& g, ValueId table) {
  const Dim& rows = g.type(table).shape[0];
  if (!rows.is_static() && rows.value != 0) {
    throw Error(g.node.location, fmt::format("{}: a table of {} rows has no gradient",
                                             g.node.op->name, to_string(rows)));
  }
  return to_string(rows);
}

TapLayout layout_of(const Attrs& attrs, DType dtype) {
  return {ints_attr(attrs, "kernels"), ints_attr(attrs, "channels"), dtype};
}

std::vector<Window> windows_of(const Attrs& attrs) {
  std::vector<Window> windows;
  for (const std::int64_t taps : ints_attr(attrs, "kernels")) {
    windows.push_back(window_of(attrs, taps));
  }
  return windows;
}

std::int64_t table_row(const EvalContext& v, std::size_t ids, std::int64_t t, std::int64_t rows) {
  if (v.x[ids] == nullptr) return t;
  return checked_index(v, at(*v.x[ids], 0, t), 0, rows, fmt::format("ids[{}]", t));
}

std::int64_t tokens_of(const EvalContext& v, std::size_t port) {
  return v.extents.at(v.graph[v.node.inputs[port]].type.ragged_dim);
}

}  // namespace weft
