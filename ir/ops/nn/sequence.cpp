// Windows over packed sequences, and window_offsets, the op that lays them out.
#include "ir/ops/nn/sequence.h"

#include <algorithm>

#include "ir/ops/common.h"
#include "ir/ops/ops.h"

namespace weft {

std::int64_t Window::capacity(std::int64_t rows, std::int64_t examples) const {
  const std::int64_t sequences = std::min(rows, examples);
  if (sequences <= 0) return 0;
  return sequences - 1 + count(rows - (sequences - 1));
}

std::string Window::symbol(std::string_view rows) const {
  if (keeps_rows()) return std::string(rows);
  const bool per_row = padding != Padding::valid || span() == 1;  // their number ignores the size
  std::string name = fmt::format("{}.{}{}", rows, per_row ? "same" : "valid", per_row ? 1 : size);
  if (stride != 1) name += fmt::format("s{}", stride);
  if (dilation != 1 && !per_row) name += fmt::format("d{}", dilation);
  return name;
}

Window window_of(const Attrs& attrs, std::int64_t size) {
  const auto number = [&](std::string_view name) {
    return attrs.contains(name) ? int_attr(attrs, name) : 1;
  };
  const std::string& padding = string_attr(attrs, "padding");
  return {size, number("stride"), number("dilation"),
          padding == "same"     ? Padding::same
          : padding == "causal" ? Padding::causal
                                : Padding::valid};
}

Window checked_window(const InferContext& v, std::int64_t size) {
  constexpr std::int64_t max = 1 << 20;  // keeps every product of two of them far from overflow
  const Window window = window_of(v.attrs, size);
  const auto check = [&](std::string_view name, std::int64_t value) {
    if (value >= 1 && value <= max) return;
    v.fail(fmt::format("{} is {}, but must be from 1 to {}", name, value, max));
  };
  check("the window's size", window.size);
  check("stride", window.stride);
  check("dilation", window.dilation);
  const std::string& padding = string_attr(v.attrs, "padding");
  if (padding != "valid" && padding != "same" && padding != "causal") {
    v.fail(fmt::format("there is no padding \"{}\"", padding),
           "it is one of \"valid\", \"same\" and \"causal\"");
  }
  return window;
}

Dim expect_windows(const InferContext& v, std::size_t from, std::size_t to, const Window& window) {
  const TensorType& rows = v.type(from);
  const std::string symbol = window.symbol(rows.ragged_dim);
  if (v.type(to).ragged_dim == symbol && v.type(to).shape == rows.shape) return Dim(symbol);
  const std::string remedy =
      window.keeps_rows()
          ? "there is one window per row: give `from` itself"
          : fmt::format(
                "make it by window_offsets(from) size={} stride={} dilation={} padding=\"{}\"",
                window.size, window.stride, window.dilation, string_attr(v.attrs, "padding"));
  v.fail(fmt::format("to is {}, but the windows over {} are counted by {}", to_string(v.type(to)),
                     to_string(rows), symbol),
         remedy);
}

Dim rows_of(const InferContext& v, std::size_t port) {
  const std::string& rows = v.type(port).ragged_dim;
  if (rows.empty()) v.fail(describe(v, port) + ", but must be offsets: i32[B+1 -> T]");
  v.expect_offsets(port, Dim(rows));
  return Dim(rows);
}

std::vector<std::int64_t> offsets_of(const EvalContext& v, std::size_t port, std::int64_t rows) {
  const Tensor& given = *v.x[port];
  const std::string_view name = v.node.op->inputs[port].name;
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < given.data.size(); ++i) {
    const std::int64_t low = offsets.empty() ? 0 : offsets.back();
    offsets.push_back(
        checked_index(v, given.data[i], low, rows + 1, fmt::format("{}[{}]", name, i)));
  }
  if (offsets.empty() || offsets.front() != 0 || offsets.back() != rows) {
    fail(v, fmt::format("{} must start with 0 and end with {}, the number of rows", name, rows));
  }
  return offsets;
}

std::vector<std::int64_t> window_offsets_of(const EvalContext& v, std::size_t port,
                                            const std::vector<std::int64_t>& from,
                                            const Window& window) {
  std::vector<std::int64_t> to = offsets_of(
      v, port, v.extents.at(window.symbol(v.graph[v.node.inputs[port - 1]].type.ragged_dim)));
  for (std::size_t b = 0; b + 1 < from.size(); ++b) {
    const std::int64_t wanted = window.count(from[b + 1] - from[b]);
    if (to[b + 1] - to[b] != wanted) {
      fail(v, fmt::format("sequence {} has {} rows, so {} windows, but {} holds {}", b,
                          from[b + 1] - from[b], wanted, v.node.op->inputs[port].name,
                          to[b + 1] - to[b]));
    }
  }
  return to;
}

Dim examples_of(const TensorType& offsets) {
  Dim examples = offsets.shape.at(0);
  --examples.value;
  return examples;
}

namespace {

std::vector<TensorType> infer_window_offsets(const InferContext& v) {
  const TensorType& from = v.type(0);
  rows_of(v, 0);
  const Window window = checked_window(v, int_attr(v.attrs, "size"));
  const std::string symbol = window.symbol(from.ragged_dim);
  if (!window.keeps_rows()) {
    const Dim examples = examples_of(from);
    const std::int64_t max =
        examples.is_static() ? examples.value : v.capacity(examples.symbol) + examples.value;
    const std::int64_t capacity = window.capacity(v.capacity(from.ragged_dim), max);
    v.derive(symbol, capacity);
    if (v.capacity(symbol) < capacity) {
      v.fail(fmt::format("{} is declared with capacity {}, but there may be {} windows", symbol,
                         v.capacity(symbol), capacity),
             "leave the declaration out: it is made by this op");
    }
  }
  return {TensorType{DType::i32, from.shape, symbol}};
}

void eval_window_offsets(const EvalContext& v) {
  const std::string& rows = v.graph[v.node.inputs[0]].type.ragged_dim;
  const Window window = window_of(v.node.attrs, int_attr(v.node.attrs, "size"));
  const std::vector<std::int64_t> from = offsets_of(v, 0, v.extents.at(rows));
  std::int64_t total = 0;
  for (std::size_t b = 0; b + 1 < from.size(); ++b) {
    total += window.count(from[b + 1] - from[b]);
    v.y[0].data[b + 1] = static_cast<double>(total);
  }
  if (!window.keeps_rows()) v.bind(window.symbol(rows), total);
}

}  // namespace

namespace ops {

const OpDef window_offsets{
    .name = "window_offsets",
    .doc = "offsets of the windows that a convolution or local pooling makes of each sequence",
    .inputs = {{"from", "i32[B+1 -> T]"}},
    .outputs = {{"to", "i32[B+1 -> T']"}},
    .attrs = {required("size", "taps of a window", std::int64_t{}),
              {"stride", "rows from one window to the next", std::int64_t{1}},
              {"dilation", "rows from one tap to the next", std::int64_t{1}},
              {"padding", "\"valid\", \"same\" or \"causal\"", std::string("valid")}},
    .infer = infer_window_offsets,
    .reference = eval_window_offsets,
};

}  // namespace ops
}  // namespace weft
